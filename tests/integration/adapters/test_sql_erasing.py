"""What was destroyed or overwritten is gone from the files, whatever the default that SQLite was built with."""

import sqlite3
import struct

import pytest

from adapters.sql import opening
from domain.errors import Busy
from tests.support.recipes import sql_secret_history, sql_secrets

NAME = "agent_token:reviewer"
PAGE = 4_096
LEAF = 0x0D
STEP = 16

OLD = "tok-0ld-" + "Qz7" * 40


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agents.db"


class Reluctant:
    """A connection whose SQLite answers as it likes to some statements."""

    def __init__(self, real, answers):
        self._real = real
        self._answers = answers

    def execute(self, sql, *parameters):
        return self._real.execute(self._answers.get(sql, sql), *parameters)

    def __getattr__(self, name):
        return getattr(self._real, name)


@pytest.mark.parametrize("default", ["ON", "OFF"])
@pytest.mark.parametrize("how", ["overwritten", "pushed out by newer versions", "deleted and destroyed"])
def test_ciphertext_that_is_gone_is_gone_from_the_files_whatever_sqlites_default(path, monkeypatch, default, how):
    connect = opening._driver_connect

    def connect_with_default(driver, uri):
        connection = connect(driver, uri)
        connection.execute(f"PRAGMA secure_delete={default}")
        return connection

    monkeypatch.setattr(opening, "_driver_connect", connect_with_default)
    with sql_secret_history(path) as (store, history):
        store.set(NAME, OLD)
        (ciphertext,) = ciphertexts(path)
        if how == "deleted and destroyed":
            store.delete(NAME)
            history.destroy(NAME, 1)
        else:
            for number in range(10 if how == "overwritten" else 30):
                store.set(NAME, f"tok-{number}")
            assert ciphertext in path.with_name("agents.db-wal").read_bytes()

    assert traces(path, ciphertext) == []
    assert not path.with_name("agents.db-wal").exists()


def test_without_secure_delete_the_ciphertext_would_still_be_there(path, monkeypatch):
    connect = opening._driver_connect
    off = {"PRAGMA secure_delete=ON": "PRAGMA secure_delete=OFF", "PRAGMA secure_delete": "SELECT 1"}
    monkeypatch.setattr(opening, "_driver_connect", lambda driver, uri: Reluctant(connect(driver, uri), off))
    with sql_secrets(path) as store:
        store.set(NAME, OLD)
        (ciphertext,) = ciphertexts(path)
        for number in range(10):
            store.set(NAME, f"tok-{number}")

    assert ciphertext[40:120] in path.read_bytes()


@pytest.mark.parametrize("length", [1, 500, 6_000, 65_536])
def test_a_destroyed_version_is_gone_from_database_and_log_while_both_are_in_use(path, length):
    with sql_secret_history(path) as (store, history):
        for number in range(30):
            store.set(f"name:{number}", "x" * (number * 97 + 1))
        store.set(NAME, "t" * length)
        ciphertext = ciphertexts(path)[-1]
        store.set(NAME, "tok-new")
        assert traces(path, ciphertext) != []

        history.destroy(NAME, 1)

        assert traces(path, ciphertext) == []
        assert store.get(NAME).value.reveal() == "tok-new"
        assert [len(store.get(f"name:{n}").value.reveal()) for n in (0, 29)] == [1, 29 * 97 + 1]


def test_the_scan_of_these_tests_finds_a_piece_of_a_ciphertext_wherever_it_stands(path):
    with sql_secret_history(path) as (store, _):
        store.set(NAME, OLD)
        (ciphertext,) = ciphertexts(path)
    plant(path, ciphertext[STEP * 3 : STEP * 5])

    with sql_secret_history(path) as (store, _):
        store.set("other", "tok-1")

        assert ("agents.db", STEP * 3) in traces(path, ciphertext)


def test_a_copy_that_sqlite_left_in_the_gap_of_a_page_goes_with_the_version(path):
    with sql_secret_history(path) as (store, _):
        store.set(NAME, OLD)
        store.set(NAME, "tok-new")
        ciphertext = ciphertexts(path)[0]
    plant(path, ciphertext)

    with sql_secret_history(path) as (_, history):
        history.destroy(NAME, 1)

        assert traces(path, ciphertext) == []


def test_destroying_again_makes_good_what_a_killed_process_left_in_the_log(path):
    with sql_secret_history(path) as (store, history):
        store.set(NAME, OLD)
        store.set(NAME, "tok-new")
        ciphertext = ciphertexts(path)[0]
        with sqlite3.connect(path) as connection:  # as far as a process gets that is killed after its commit
            connection.execute("UPDATE secret_version SET sealed = NULL, destroyed_at = 1 WHERE version = 1")
        connection.close()
        assert traces(path, ciphertext) != []

        assert history.destroy(NAME, 1) is True

        assert traces(path, ciphertext) == []


def test_a_reader_that_keeps_the_log_is_told_of_and_the_next_try_erases(path, monkeypatch):
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.1)
    with sql_secret_history(path) as (store, history):
        store.set(NAME, OLD)
        store.set(NAME, "tok-new")
        ciphertext = ciphertexts(path)[0]
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM secret").fetchall()

        with pytest.raises(Busy, match="log"):
            history.destroy(NAME, 1)
        assert history.versions(NAME)[1].destroyed_at is not None
        reader.close()
        history.destroy(NAME, 1)

        assert traces(path, ciphertext) == []


def ciphertexts(path):
    """Every sealed value, in the order of its row."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    blobs = [row[0] for row in connection.execute("SELECT sealed FROM secret_version ORDER BY rowid")]
    connection.close()
    return blobs


def traces(path, ciphertext):
    """Where a piece of the ciphertext stands in the files; its first bytes only name the key, as others do."""
    step = STEP * (1 + len(ciphertext) // 4_096)
    pieces = {at: ciphertext[at : at + STEP] for at in range(2 * STEP, len(ciphertext) - STEP + 1, step)}
    found = []
    for file in sorted(path.parent.glob("agents.db*")):
        content = file.read_bytes()
        found += [(file.name, at) for at, piece in pieces.items() if piece in content]
    return found


def plant(path, piece):
    """Write `piece` between the cells of the first leaf page with room, where SQLite never looks."""
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // PAGE):
        start = page * PAGE
        if content[start] == LEAF:
            cells, cells_from = struct.unpack_from(">HH", content, start + 3)
            gap = start + 8 + 2 * cells + 4
            if cells and gap + len(piece) + 4 < start + cells_from:
                content[gap : gap + len(piece)] = piece
                path.write_bytes(content)
                return
    raise AssertionError("no page has room")

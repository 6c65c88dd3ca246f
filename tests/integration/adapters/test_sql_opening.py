"""A database is opened durable and erasing, or not at all; reading only leaves no trace."""

import contextlib
import os
import shutil
import stat
import subprocess
import sys

import pytest

from adapters.memory import ManualClock
from adapters.sql import SqlSessionStore, open_database, opening, upgrade
from adapters.sql.opening import open_read_only
from domain.errors import Busy, DatabaseUnusable, Integrity
from tests.support.recipes import a_database, sql_secrets, sql_sessions

WANTED = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
NAME = "agent_token:reviewer"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agents.db"


def pragmas(connection):
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in WANTED}


def everything(directory):
    return {
        entry.name: (entry.read_bytes(), entry.stat().st_mtime_ns, entry.stat().st_ino) for entry in directory.iterdir()
    }


class Reluctant:
    """A connection whose SQLite answers as it likes to some statements."""

    def __init__(self, real, answers):
        self._real = real
        self._answers = answers

    def execute(self, sql, *parameters):
        return self._real.execute(self._answers.get(sql, sql), *parameters)

    def __getattr__(self, name):
        return getattr(self._real, name)


def test_what_durability_rests_on_is_in_force_on_every_connection(path):
    with a_database(path) as database, contextlib.ExitStack() as stack:
        several = [stack.enter_context(database.borrowed()) for _ in range(3)]
        found = [pragmas(connection) for connection in several]
        with database.fresh() as fresh, fresh.borrowed() as connection:
            found.append(pragmas(connection))
        with database.connected() as connection:
            found.append(pragmas(connection.connection.driver_connection))

    assert found == [WANTED] * 5


@pytest.mark.parametrize(
    ("pragma", "instead"),
    [
        ("PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"),
        ("PRAGMA secure_delete=ON", "PRAGMA secure_delete=OFF"),
        ("PRAGMA secure_delete=ON", "PRAGMA secure_delete=FAST"),
        ("PRAGMA foreign_keys=ON", "PRAGMA foreign_keys=OFF"),
        ("PRAGMA journal_mode=WAL", "PRAGMA journal_mode=DELETE"),
    ],
)
def test_a_pragma_that_sqlite_does_not_accept_is_refused_by_name(path, monkeypatch, pragma, instead):
    connect = opening._driver_connect
    monkeypatch.setattr(
        opening, "_driver_connect", lambda driver, uri: Reluctant(connect(driver, uri), {pragma: instead})
    )
    name = pragma.split()[1].partition("=")[0]

    with pytest.raises(DatabaseUnusable, match=f"did not accept {name} "), a_database(path):
        pass


def test_the_database_and_its_log_are_for_their_owner_only_under_any_umask(path):
    before = os.umask(0)
    try:
        with sql_sessions(path) as store:
            store.set("forgejo:a:b/c:1", "s")
            modes = {entry.name: oct(stat.S_IMODE(entry.stat().st_mode)) for entry in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(["agents.db", "agents.db-wal", "agents.db-shm"], oct(0o600))


def test_a_path_with_characters_of_urls_is_the_path(tmp_path):
    path = tmp_path / "50% #1?mode=memory.db"
    with sql_sessions(path) as store:
        store.set("forgejo:a:b/c:1", "s")

    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_link_to_where_no_file_is_yet_is_followed(path, tmp_path):
    path.symlink_to(tmp_path / "elsewhere.db")
    with sql_sessions(path) as store:
        store.set("forgejo:a:b/c:1", "s")

    assert path.is_symlink()
    assert stat.S_IMODE((tmp_path / "elsewhere.db").stat().st_mode) == 0o600


def test_a_database_on_a_disk_that_may_only_be_read_is_told(path, monkeypatch):
    with a_database(path):
        pass
    real = os.statvfs(path)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*real[:8], real.f_flag | os.ST_RDONLY, real[9]]))

    with pytest.raises(DatabaseUnusable, match="cannot be opened for writing: Read-only file system"):
        open_database(path)


def test_a_directory_is_no_database(path):
    path.mkdir()

    for open_it in (open_database, open_read_only):
        with pytest.raises(DatabaseUnusable, match="is no file"):
            open_it(path)


def test_a_missing_directory_is_told(tmp_path):
    with pytest.raises(DatabaseUnusable, match="No such file or directory"):
        open_database(tmp_path / "missing" / "agents.db")


def test_a_file_in_place_of_the_directory_is_told(path):
    path.write_bytes(b"")

    with pytest.raises(DatabaseUnusable, match="cannot be reached"):
        open_database(path / "agents.db")


@pytest.mark.parametrize("content", [b"tok-not-a-database" * 100, b"SQLite format 3\x00" + b"\xff" * 4_096])
def test_what_is_no_database_is_refused_and_left_as_it_is(path, content):
    path.write_bytes(content)

    with pytest.raises((Integrity, DatabaseUnusable)), a_database(path):
        pass

    assert path.read_bytes() == content


def test_a_database_that_was_cut_off_is_damaged(path):
    with sql_secrets(path) as store:
        for number in range(40):
            store.set(f"name:{number}", "x" * 10_000)
    os.truncate(path, path.stat().st_size // 2)

    with pytest.raises((Integrity, DatabaseUnusable)):
        read_all_secrets(path)


def read_all_secrets(path):
    with sql_secrets(path) as store:
        return [store.get(info.name) for info in store.list()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root takes another uid")
@pytest.mark.parametrize("mode", [0o444, 0o400])
def test_a_file_that_may_not_be_written_is_told(path, monkeypatch, mode):
    with a_database(path):
        pass
    path.chmod(mode)
    path.parent.chmod(0o755)
    monkeypatch.chdir(path.parent)
    relative = path.__class__(path.name)
    os.seteuid(65_534)
    try:
        with pytest.raises(DatabaseUnusable, match="cannot be opened for writing: Permission denied"):
            open_database(relative)
    finally:
        os.seteuid(0)


def test_a_database_that_another_process_holds_is_busy_after_some_patience(path, monkeypatch):
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.05)
    with sql_sessions(path) as store, another_process(path, "BEGIN EXCLUSIVE"):
        with pytest.raises(Busy, match="locked by another process"):
            store.set("forgejo:a:b/c:1", "s")
        assert store.count() == 0


def test_a_new_database_that_another_process_holds_is_busy(path, monkeypatch):
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.05)
    with another_process(path, "BEGIN EXCLUSIVE"), pytest.raises(Busy), a_database(path):
        pass


@contextlib.contextmanager
def another_process(path, sql):
    """Let another process run a statement on a connection that stays open for the block."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute(sys.argv[2]); print('done', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-S", "-c", program, str(path), sql]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"done\n"
        yield
        other.stdin.close()


def test_reading_only_a_settled_database_leaves_no_trace(path):
    with sql_sessions(path) as store:
        store.set("forgejo:a:b/c:1", "s")
    before = everything(path.parent)

    database = open_read_only(path)
    with database.borrowed() as connection:
        rows = connection.execute("SELECT count(*) FROM claude_sdk_sessions").fetchone()
    during = everything(path.parent)
    database.close()

    assert rows == (1,)
    assert during == before == everything(path.parent)


def test_reading_only_beside_a_writer_sees_its_log_and_leaves_no_trace(path):
    with a_database(path):
        pass
    with another_process(path, "INSERT INTO claude_sdk_sessions VALUES ('forgejo:a:b/c:1', 's', 1, 1)"):
        before = everything(path.parent)
        database = open_read_only(path)
        with database.borrowed() as connection:
            rows = connection.execute("SELECT count(*) FROM claude_sdk_sessions").fetchone()
        database.close()
        after = everything(path.parent)

    assert rows == (1,)
    assert len(before["agents.db-wal"][0]) > 0
    assert after == before


def test_a_copied_database_with_a_log_and_no_index_can_be_read(path, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    with sql_sessions(path) as store:
        store.set("forgejo:a:b/c:1", "s")
        for name in ("agents.db", "agents.db-wal"):
            shutil.copy(path.with_name(name), copy)

    database = open_read_only(copy / "agents.db")
    with database.borrowed() as connection:
        rows = connection.execute("SELECT count(*) FROM claude_sdk_sessions").fetchone()
    database.close()

    assert rows == (1,)


def test_nothing_can_be_written_through_a_read_only_database(path):
    with a_database(path):
        pass
    database = open_read_only(path)

    with pytest.raises(DatabaseUnusable, match="read-only"), database.transaction() as transaction:
        transaction._connection.execute("DELETE FROM data_key")
    database.close()


def test_a_disk_full_of_pages_refuses_and_keeps_what_was_there(path):
    with sql_secrets(path) as store:
        store.set(NAME, "tok-1")
        with store._database.borrowed() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(DatabaseUnusable, match="the disk refused to store"):
            store.set("name:large", "x" * 65_000)

        assert store.get(NAME).value.reveal() == "tok-1"
        assert [info.name for info in store.list()] == [NAME]


def test_a_reader_beside_a_service_whose_log_is_empty_sees_what_is_written_later(path):
    database = open_database(path)
    upgrade(database)
    sessions = SqlSessionStore(database, ManualClock())
    with database.borrowed() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    reading = open_read_only(path)
    seen = SqlSessionStore(reading, ManualClock())

    before = seen.count()
    sessions.set("forgejo:reviewer:acme/api:42", "9f1c")
    after = seen.count()
    reading.close()
    database.close()

    assert (before, after) == (0, 1)

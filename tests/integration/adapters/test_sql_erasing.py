"""What was deleted or overwritten is gone from the files, whatever the default that SQLite was built with."""

import sqlite3

import pytest

from adapters.sql import opening
from tests.support.recipes import sql_secrets

NAME = "agent_token:reviewer"


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
@pytest.mark.parametrize("how", ["deleted", "overwritten", "pushed out by newer versions"])
def test_ciphertext_that_is_gone_is_gone_from_the_files_whatever_sqlites_default(path, monkeypatch, default, how):
    connect = opening._driver_connect

    def connect_with_default(uri):
        connection = connect(uri)
        connection.execute(f"PRAGMA secure_delete={default}")
        return connection

    monkeypatch.setattr(opening, "_driver_connect", connect_with_default)
    with sql_secrets(path) as store:
        store.set(NAME, OLD)
        ciphertext = stored_ciphertext(path)
        if how == "deleted":
            store.delete(NAME)
        else:
            for number in range(10 if how == "overwritten" else 30):
                store.set(NAME, f"tok-{number}")
        assert ciphertext in path.with_name("agents.db-wal").read_bytes()

    assert ciphertext not in path.read_bytes()
    assert not path.with_name("agents.db-wal").exists()


def test_without_secure_delete_the_ciphertext_would_still_be_there(path, monkeypatch):
    connect = opening._driver_connect
    off = {"PRAGMA secure_delete=ON": "PRAGMA secure_delete=OFF", "PRAGMA secure_delete": "SELECT 1"}
    monkeypatch.setattr(opening, "_driver_connect", lambda uri: Reluctant(connect(uri), off))
    with sql_secrets(path) as store:
        store.set(NAME, OLD)
        ciphertext = stored_ciphertext(path)
        store.delete(NAME)

    assert ciphertext in path.read_bytes()


def stored_ciphertext(path):
    """The part of the only sealed value that is longer than anything that stays."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    (blob,) = connection.execute("SELECT sealed FROM secret_version").fetchone()
    connection.close()
    return blob[40:120]

"""What the database gives back is held against the file before the file goes, and planning writes nothing."""

import sqlite3

import pytest
from dependency_injector import providers

from app.boot import migrate
from tests.integration.faults.homes import GITLAB, SESSIONS, TOKENS
from tests.integration.faults.jobs import Job, fresh, prepared, returned
from tests.integration.faults.tracing import counted, missing_tool


class Damaging:
    """A store after each of whose writes the disk turns a byte of what it was given."""

    def __init__(self, store, path, damage):
        self._store = store
        self._path = path
        self._damage = damage

    def __getattr__(self, name):
        method = getattr(self._store, name)
        return self._damaging(method) if name in {"set", "upsert", "put_many"} else method

    def _damaging(self, method):
        def write(*arguments, **named):
            result = method(*arguments, **named)
            connection = sqlite3.connect(self._path)
            connection.execute(self._damage)
            connection.commit()
            connection.close()
            return result

        return write


def _turned(table, column):
    """Turn the end of a sealed column: several bytes, since one is what it is turned into once in 256 times."""
    return f"UPDATE {table} SET {column} = CAST(substr({column}, 1, length({column}) - 8) || zeroblob(8) AS BLOB)"


DAMAGES = [
    pytest.param(
        GITLAB,
        "unaudited_oauth_tokens",
        _turned("operator_oauth_tokens", "sealed_refresh_token"),
        id="012",
    ),
    pytest.param(
        SESSIONS, "sessions", "UPDATE claude_sdk_sessions SET session_id = 'sess-other' WHERE key LIKE '%:3'", id="013"
    ),
    pytest.param(TOKENS, "unaudited_secrets", _turned("secret_version", "sealed"), id="014"),
]


@pytest.mark.parametrize(("files", "store", "damage"), DAMAGES)
def test_what_does_not_read_back_keeps_its_file_and_is_not_called_imported(files, store, damage, place):
    home = prepared(files)(place / "home")
    container = home.open()
    provider = getattr(container, store)
    provider.override(providers.Object(Damaging(provider(), home.database_path, damage)))
    report = migrate(container)
    known = container.ledger().entries()
    container.database().close()

    assert {source.outcome.value for source in report.sources} == {"deferred"}
    assert home.present() == set(files)
    assert known == []


@pytest.mark.parametrize(
    "build",
    [fresh({**GITLAB, **TOKENS}), prepared({**GITLAB, **TOKENS}), returned],
    ids=["fresh", "prepared", "returned"],
)
def test_planning_makes_no_call_that_writes(build, place):
    if why := missing_tool():
        pytest.skip(why)
    job = Job(name="plan", build=build, command=("migrate", "--dry-run", "--json"), at_once=(), afterwards=())
    home = build(place / "home")
    before = home.tree()
    points = counted(job, home, place / "log")

    assert points == []
    assert home.tree() == before

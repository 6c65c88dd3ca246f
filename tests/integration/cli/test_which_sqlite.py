"""A process of our own uses the newest SQLite there is, a guest that of its host; and what is said is what is used."""

import json
import sqlite3
from contextlib import closing

import pytest

from adapters.sql import newest_driver
from app.state import open_state


def engine(checks):
    return next(check["detail"] for check in checks if check["name"] == "engine")


def test_a_command_uses_the_newest_and_says_so(moved_home):
    version = json.loads(moved_home.run("version", "--json").stdout)
    checks = json.loads(moved_home.run("doctor", "--json").stdout)["checks"]

    assert version["sqlite"] == newest_driver().sqlite_version
    assert engine(checks).startswith(f"SQLite {newest_driver().sqlite_version}")


def test_a_command_that_is_called_from_the_code_of_others_uses_what_they_use(moved_home):
    checks = json.loads(moved_home.call("doctor", "--json").stdout)["checks"]

    assert moved_home.ask("version")["sqlite"] == sqlite3.sqlite_version
    assert engine(checks).startswith(f"SQLite {sqlite3.sqlite_version}")


@pytest.mark.parametrize("audit", [False, True])
def test_the_library_uses_what_its_host_uses(moved_home, audit):
    with open_state(state_dir=moved_home.state, config_dir=moved_home.config, audit=audit) as state:
        assert state.container.database().driver is sqlite3


def test_the_version_is_told_whatever_the_settings_are(moved_home):
    done = moved_home.run("version", env={"STRONGROOM_PORT": "many"})

    assert (done.returncode, done.stderr) == (0, b"")


def test_what_a_command_commits_is_seen_by_a_program_with_another_sqlite(moved_home):
    with closing(sqlite3.connect(moved_home.database)) as other:
        (before,) = other.execute("SELECT count(*) FROM secret").fetchone()
        assert moved_home.run("secrets", "set", "name:new", stdin=b"tok-1").returncode == 0
        (after,) = other.execute("SELECT count(*) FROM secret").fetchone()

    assert after == before + 1

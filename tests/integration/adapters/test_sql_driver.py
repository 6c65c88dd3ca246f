"""Which copy of SQLite a database is opened with, and that all that is opened of it stays with that copy."""

import contextlib
import subprocess
import sys
import time
from types import ModuleType

import pytest
from sqlalchemy.exc import DBAPIError

from adapters.memory import ManualClock
from adapters.sql import (
    SqliteCheckup,
    SqliteSchema,
    SqlSessionStore,
    driver,
    open_database,
    open_for_a_look,
    opening,
    upgrade,
)
from adapters.sql.driver import PYTHON_DRIVER, SHIPPED_DRIVER, newest_driver
from adapters.sql.opening import open_read_only
from domain.errors import SchemaIncomplete
from tests.support.drivers import EACH_DRIVER, needs_shipped
from tests.support.recipes import a_cipher

KEY = "forgejo:a:b/c:1"
COUNT_AND_CLOSE = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "agents.db"


@pytest.fixture(params=EACH_DRIVER)
def used(request, monkeypatch):
    for other in driver.DRIVERS:
        if other is not request.param:
            monkeypatch.setattr(other, "connect", None)  # two in one process must fail
    return request.param


@contextlib.contextmanager
def opened(path, used):
    database = open_database(path, used)
    try:
        upgrade(database)
        yield database
    finally:
        database.close()


def a_driver(*version):
    module = ModuleType("a driver")
    module.sqlite_version_info = version
    return module


class Unreadable:
    def __init__(self, connection, used):
        self.close = connection.close
        self._used = used

    def execute(self, _):
        raise self._used.OperationalError


def version_in(database):
    with database.borrowed() as connection:
        return connection.execute("SELECT sqlite_version()").fetchone()[0]


def seen_by_another_process(path):
    """Count the sessions as a process does that opens the database with Python's SQLite, and closes it."""
    command = [sys.executable, "-S", "-c", COUNT_AND_CLOSE, str(path), "SELECT count(*) FROM claude_sdk_sessions"]
    return int(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)


@pytest.mark.parametrize(
    ("versions", "newest"), [([(3, 40, 1)], 0), ([(3, 40, 1), (3, 53, 4)], 1), ([(3, 54, 0), (3, 53, 4)], 0)]
)
def test_the_newest_is_taken_whoever_brought_it(monkeypatch, versions, newest):
    drivers = tuple(a_driver(*version) for version in versions)
    monkeypatch.setattr(driver, "DRIVERS", drivers)

    assert newest_driver() is drivers[newest]


def test_of_two_that_are_equally_new_that_of_python_is_taken(monkeypatch):
    drivers = (a_driver(3, 53, 4), a_driver(3, 53, 4))
    monkeypatch.setattr(driver, "DRIVERS", drivers)

    assert newest_driver() is drivers[0]


def test_where_there_is_no_wheel_nothing_is_shipped(monkeypatch):
    monkeypatch.setitem(sys.modules, "pysqlite3", None)

    assert driver._shipped() is None


def test_a_database_is_opened_with_that_of_python_unless_it_is_said_otherwise(path):
    with contextlib.closing(open_database(path)) as database:
        assert database.driver is PYTHON_DRIVER
        assert version_in(database) == PYTHON_DRIVER.sqlite_version


def test_whatever_is_opened_of_a_database_is_opened_with_its_driver(path, used):
    with opened(path, used) as database, database.fresh() as fresh, database.connected() as connection:
        through_sqlalchemy = connection.exec_driver_sql("SELECT sqlite_version()").scalar()
        found = {through_sqlalchemy, version_in(database), version_in(fresh)}
    for open_it in (open_read_only, open_for_a_look):
        with contextlib.closing(open_it(path, used)) as looked_at:
            found |= {version_in(looked_at), looked_at.driver.sqlite_version}

    assert found == {used.sqlite_version}


def test_a_database_of_an_older_schema_is_looked_at_with_the_driver_too(path, used):
    open_database(path, used).close()  # of no schema at all, the oldest there is
    with contextlib.closing(open_for_a_look(path, used)) as copy:
        found = (copy.driver, version_in(copy), SqlSessionStore(copy, ManualClock()).count())

    assert found == (used, used.sqlite_version, 0)


def test_the_schema_is_looked_at_with_the_driver(path, used):
    with opened(path, used) as database:
        a_cipher(database)
        facts = SqliteSchema(path, lambda: database, used).look()

    assert (facts.exists, facts.is_current, len(facts.sealed_under)) == (True, True, 1)


def test_the_check_up_tells_the_version_that_is_used(path, used):
    with opened(path, used) as database:
        assert SqliteCheckup(database).engine().version == f"SQLite {used.sqlite_version}"


@needs_shipped
def test_the_shipped_one_has_no_bug_that_damages_a_log(path):
    with opened(path, SHIPPED_DRIVER) as database:
        assert SqliteCheckup(database).engine().has_wal_reset_bug is False


def test_an_error_that_comes_through_sqlalchemy_is_ours(path, used):
    with opened(path, used) as database, pytest.raises(SchemaIncomplete) as caught, database.connected() as connection:
        connection.exec_driver_sql("SELECT 1 FROM gone")

    assert isinstance(caught.value.__cause__, DBAPIError)


def test_who_opens_a_new_database_waits_for_one_who_has_it(path, used, monkeypatch):
    with contextlib.closing(used.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(time, "sleep", lambda _: holder.execute("COMMIT"))

        with opened(path, used) as database:
            assert version_in(database) == used.sqlite_version


def test_who_writes_waits_for_one_who_writes(path, used, monkeypatch):
    with opened(path, used) as database, contextlib.closing(used.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(time, "sleep", lambda _: holder.execute("COMMIT"))
        sessions = SqlSessionStore(database, ManualClock())
        sessions.set(KEY, "s")

        assert sessions.count() == 1


def test_where_the_index_of_a_log_cannot_be_read_the_log_is(path, used, monkeypatch):
    connect = opening._driver_connect

    def without_index(driver, uri, **more):
        connection = connect(driver, uri, **more)
        return Unreadable(connection, driver) if "readonly_shm" in uri else connection

    with opened(path, used) as database:
        SqlSessionStore(database, ManualClock()).set(KEY, "s")
        monkeypatch.setattr(opening, "_driver_connect", without_index)
        with contextlib.closing(open_read_only(path, used)) as reading:
            assert SqlSessionStore(reading, ManualClock()).count() == 1


def test_half_a_surrogate_pair_is_equal_to_no_stored_text(path, used):
    with opened(path, used) as database:
        assert SqlSessionStore(database, ManualClock()).get("forgejo:\ud800:b/c:1") is None


@pytest.mark.parametrize("other", [open_database, open_read_only, open_for_a_look])
def test_opening_a_database_once_more_leaves_its_locks_alone(path, used, other):
    with opened(path, used) as database:
        sessions = SqlSessionStore(database, ManualClock())
        sessions.set(KEY, "s")
        other(path, used).close()
        seen_by_another_process(path)  # which takes the log away when it is the last one in its own eyes
        sessions.set("forgejo:a:b/c:2", "s")

        assert seen_by_another_process(path) == 2


LOSING = """
import os, sqlite3, sys
import pysqlite3
def connect(driver):
    connection = driver.connect(sys.argv[1], isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    return connection
used = {"python": sqlite3, "shipped": pysqlite3}
ours, theirs = connect(used[sys.argv[2]]), connect(used[sys.argv[3]])
ours.execute("INSERT INTO claude_sdk_sessions VALUES ('forgejo:a:b/c:1', 's', 1, 1)")
theirs.execute("SELECT 1 FROM claude_sdk_sessions").fetchall()
theirs.close()
ours.execute("INSERT INTO claude_sdk_sessions VALUES ('forgejo:a:b/c:2', 's', 1, 1)")
os._exit(0)
"""


@needs_shipped
@pytest.mark.parametrize(
    ("ours", "theirs", "kept"),
    [("shipped", "shipped", 2), ("shipped", "python", 1), ("python", "shipped", 1)],
)
def test_two_copies_in_one_process_lose_what_is_committed_and_so_are_never_mixed(path, ours, theirs, kept):
    with opened(path, PYTHON_DRIVER):
        pass
    subprocess.run([sys.executable, "-c", LOSING, str(path), ours, theirs], check=True, timeout=30)

    assert seen_by_another_process(path) == kept


@needs_shipped
@pytest.mark.parametrize("used_there", [PYTHON_DRIVER, SHIPPED_DRIVER], ids=["python", "shipped"])
def test_two_copies_in_two_processes_see_each_other(path, used_there):
    with opened(path, used_there) as database:
        sessions = SqlSessionStore(database, ManualClock())
        for number in range(3):
            sessions.set(f"forgejo:a:b/c:{number + 1}", "s")
            assert seen_by_another_process(path) == number + 1

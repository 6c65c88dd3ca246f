"""What SQLite's own errors become."""

import sqlite3
from contextlib import ExitStack, closing

import pytest
from sqlalchemy.exc import OperationalError

from adapters.sql.failures import DRIVER_ERRORS, primary_code, translate
from domain.errors import Busy, DatabaseUnusable, Integrity, SchemaIncomplete
from tests.support.drivers import EACH_DRIVER

each_driver = pytest.mark.parametrize("driver", EACH_DRIVER)


def refusal(driver, statement):
    with closing(driver.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE there (name)")
        with pytest.raises(DRIVER_ERRORS) as caught:
            connection.execute(statement)
    return caught.value


@each_driver
@pytest.mark.parametrize("through_sqlalchemy", [False, True])
@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("SELECT 1 FROM gone", "table gone"),
        ("DELETE FROM main.gone", "table main.gone"),
        ("SELECT lost FROM there", "column lost"),
        ("SELECT there.lost FROM there", "column there.lost"),
    ],
)
def test_what_is_missing_in_the_schema_is_named(driver, statement, missing, through_sqlalchemy):
    error = refusal(driver, statement)

    told = translate(OperationalError(statement, {}, error) if through_sqlalchemy else error)

    assert type(told) is SchemaIncomplete
    assert told.missing == missing
    assert told.message == f"the database failed ({error})"


@each_driver
def test_another_mistake_is_not_taken_for_something_missing(driver):
    assert type(translate(refusal(driver, "SELECT"))) is DatabaseUnusable


@each_driver
def test_a_locked_database_is_busy_whichever_driver_says_so(driver, tmp_path):
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(closing(driver.connect(tmp_path / "agents.db", timeout=0, isolation_level=None)))
            for _ in range(2)
        )
        one.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DRIVER_ERRORS) as caught:
            other.execute("BEGIN IMMEDIATE")

    assert primary_code(caught.value) == sqlite3.SQLITE_BUSY
    assert type(translate(caught.value)) is Busy


@each_driver
def test_what_is_no_database_is_damage_whichever_driver_says_so(driver, tmp_path):
    (tmp_path / "agents.db").write_bytes(b"no database" * 100)
    with closing(driver.connect(tmp_path / "agents.db")) as connection, pytest.raises(DRIVER_ERRORS) as caught:
        connection.execute("SELECT 1 FROM sqlite_master")

    assert type(translate(caught.value)) is Integrity


@pytest.mark.parametrize("extended", [sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_SNAPSHOT])
def test_an_extended_code_is_of_the_primary_one(extended):
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = extended

    assert primary_code(error) == sqlite3.SQLITE_BUSY

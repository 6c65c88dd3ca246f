"""What SQLite's own errors become."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from adapters.sql.failures import translate
from domain.errors import DatabaseUnusable, SchemaIncomplete


def refusal(statement):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE there (name)")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute(statement)
    return caught.value


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
def test_what_is_missing_in_the_schema_is_named(statement, missing, through_sqlalchemy):
    error = refusal(statement)

    told = translate(OperationalError(statement, {}, error) if through_sqlalchemy else error)

    assert type(told) is SchemaIncomplete
    assert told.missing == missing
    assert told.message == f"the database failed ({error})"


def test_another_mistake_is_not_taken_for_something_missing():
    assert type(translate(refusal("SELECT"))) is DatabaseUnusable

"""Writes that wait for no disk: on a connection of their own, and whole or not at all."""

import contextlib

import pytest
from sqlalchemy import insert, select

from adapters.sql.tables import setting
from domain.errors import DatabaseUnusable
from tests.support.recipes import a_database

FULL, NORMAL = 2, 1


@pytest.fixture
def database(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield database


class Pen:
    """Writes settings in transactions, and reads which there are."""

    def __init__(self, database):
        self._database = database
        self._insert = database.prepare(insert(setting))
        self._names = database.prepare(select(setting.c.name).order_by(setting.c.name))

    def write(self, transaction, name):
        transaction.run(self._insert, {"name": name, "value": "x", "updated_at": 1})

    def write_and_raise(self, transaction, name, error):
        self.write(transaction, name)
        raise error

    def write_twice(self, transaction, name):
        for _ in range(2):
            self.write(transaction, name)

    def written(self):
        return [name for (name,) in self._database.all(self._names)]


@pytest.fixture
def pen(database):
    return Pen(database)


def synchronous(connection):
    return connection.execute("PRAGMA synchronous").fetchone()[0]


def writing_with(transaction, database):
    with transaction, database.borrowed() as connection:
        return connection


def written_inside(database, pen):
    with database.transaction() as inner:
        pen.write(inner, "inner")
    assert pen.written() == ["inner"]
    return ZeroDivisionError


@pytest.mark.parametrize("outer", ["transaction", "lazy_transaction"])
def test_inside_another_transaction_there_is_none(database, pen, outer):
    with getattr(database, outer)() as transaction:
        with pytest.raises(RuntimeError), database.lazy_transaction():
            pytest.fail("it was entered")
        pen.write(transaction, "of the outer")

    assert pen.written() == ["of the outer"]


def test_a_transaction_inside_of_one_is_a_part_of_it(database, pen):
    with pytest.raises(ZeroDivisionError), database.lazy_transaction() as outer:
        pen.write_and_raise(outer, "outer", written_inside(database, pen))

    assert pen.written() == []


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_what_raises_leaves_nothing_and_the_next_one_works(database, pen, error):
    with pytest.raises(error), database.lazy_transaction() as transaction:
        pen.write_and_raise(transaction, "lost", error)
    after = pen.written()

    with database.lazy_transaction() as transaction:
        pen.write(transaction, "kept")

    assert (after, pen.written()) == ([], ["kept"])


def test_an_error_of_the_database_becomes_ours_and_leaves_nothing(database, pen):
    with pytest.raises(DatabaseUnusable), database.lazy_transaction() as transaction:
        pen.write_twice(transaction, "twice")

    assert pen.written() == []
    with database.transaction() as transaction:
        pen.write(transaction, "twice")
    assert pen.written() == ["twice"]


def test_its_own_reads_see_what_it_wrote(database, pen):
    with database.lazy_transaction() as transaction:
        pen.write(transaction, "seen")

        assert pen.written() == ["seen"]


def test_only_its_own_connection_does_not_wait_for_the_disk(database):
    lazy = writing_with(database.lazy_transaction(), database)
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(database.borrowed()) for _ in range(4)]
        found = [synchronous(connection) for connection in others]
    durable = writing_with(database.transaction(), database)

    assert lazy not in [*others, durable]
    assert (synchronous(lazy), synchronous(durable), found) == (NORMAL, FULL, [FULL] * 4)


@pytest.mark.parametrize("fails", [False, True])
def test_its_connection_is_lent_to_nobody_and_used_again(database, fails):
    connections = set()
    for _ in range(3):
        with contextlib.suppress(ZeroDivisionError), database.lazy_transaction():
            with database.borrowed() as connection:
                connections.add(connection)
            if fails:
                raise ZeroDivisionError
        assert connections.isdisjoint(database._idle)

    assert len(connections) == 1

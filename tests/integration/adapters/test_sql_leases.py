"""Leases in the database: how whoever waits for one, and whoever cannot be seen to have ended, is treated."""

import sqlite3

import pytest

from adapters.memory import ManualClock
from adapters.sql import SqlLeases
from domain.instants import MINUTE_MS
from domain.ports import Lease
from tests.support.recipes import a_database

NAME = "oauth:gitlab"


@pytest.fixture
def database(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield database


def test_the_lease_of_a_holder_that_cannot_be_judged_ends_by_time(database):
    clock = ManualClock()
    elsewhere = SqlLeases(database, clock, lambda: "of another machine", lambda _owner: False)
    here = SqlLeases(database, clock, lambda: "of this one", lambda _owner: False)
    elsewhere.acquire(NAME, ttl_ms=MINUTE_MS)

    assert here.acquire(NAME, ttl_ms=MINUTE_MS) is None
    clock.advance(MINUTE_MS)
    assert here.acquire(NAME, ttl_ms=MINUTE_MS) == Lease(NAME, 2)


def test_it_is_the_owner_of_the_lease_who_is_looked_for(database):
    looked_for = []
    leases = SqlLeases(database, ManualClock(), lambda: "the owner", lambda owner: bool(looked_for.append(owner)))
    leases.acquire(NAME, ttl_ms=MINUTE_MS)

    leases.acquire(NAME, ttl_ms=MINUTE_MS)

    assert set(looked_for) == {"the owner"}


def test_whoever_waits_for_a_lease_does_not_wait_for_writers(database):
    leases = SqlLeases(database, ManualClock(), lambda: "the owner", lambda _owner: False)
    leases.acquire(NAME, ttl_ms=MINUTE_MS)
    writer = sqlite3.connect(database.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    assert leases.acquire(NAME, ttl_ms=MINUTE_MS) is None
    writer.close()


def test_no_transaction_is_open_while_a_lease_is_held(database):
    SqlLeases(database, ManualClock(), lambda: "the owner", lambda _owner: False).acquire(NAME, ttl_ms=MINUTE_MS)
    writer = sqlite3.connect(database.path, isolation_level=None, timeout=0)

    writer.execute("BEGIN IMMEDIATE")
    writer.close()

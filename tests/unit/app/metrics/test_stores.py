"""Metered stores keep the contracts of those that they measure, and every operation is counted."""

from contextlib import nullcontext

import pytest

from adapters.memory import (
    ManualClock,
    MemoryOAuthTokenStore,
    MemorySecretHistory,
    MemorySecretStore,
    MemorySessionStore,
)
from app.metrics import Metrics
from app.metrics.stores import MeteredOAuthTokenStore, MeteredSecretHistory, MeteredSecretStore, MeteredSessionStore
from domain.errors import DatabaseUnusable
from domain.ports import OAuthTokenStore, SecretHistory, SecretStore, SessionStore
from tests.contracts.oauth_token_store import NotesBesideTokensContract, OAuthTokenStoreContract
from tests.contracts.secret_history import SecretHistoryContract
from tests.contracts.secret_store import AnySecretStoreContract
from tests.contracts.session_listing import SessionListingContract
from tests.unit.app.metrics.scraped import Scrape

STORES = {
    "sessions": (SessionStore, MeteredSessionStore),
    "secrets": (SecretStore, MeteredSecretStore),
    "secret_history": (SecretHistory, MeteredSecretHistory),
    "oauth_tokens": (OAuthTokenStore, MeteredOAuthTokenStore),
}
OPERATIONS = [(store, each) for store, (port, _) in STORES.items() for each in sorted(port.__abstractmethods__)]


class TestMeteredSessionStore(SessionListingContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MeteredSessionStore(MemorySessionStore(clock), Metrics().stores))


class TestMeteredSecretStore(AnySecretStoreContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MeteredSecretStore(MemorySecretStore(clock), Metrics().stores))


class TestMeteredSecretHistory(SecretHistoryContract):
    @pytest.fixture
    def open_pair(self):
        def pair(clock):
            stores, store = Metrics().stores, MemorySecretStore(clock)
            history = MemorySecretHistory(store)
            return nullcontext((MeteredSecretStore(store, stores), MeteredSecretHistory(history, stores)))

        return pair


class TestMeteredOAuthTokenStore(OAuthTokenStoreContract, NotesBesideTokensContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MeteredOAuthTokenStore(MemoryOAuthTokenStore(clock), Metrics().stores))


class Ending:
    """A store whose every operation ends as it is told to."""

    def __init__(self, error):
        self._error = error

    def __getattr__(self, _operation):
        def end(*_args, **_kwargs):
            if self._error is not None:
                raise self._error
            return 0

        return end


ARGUMENTS = {
    ("sessions", "get"): ["a-canary"],
    ("sessions", "set"): ["a-canary", "a-canary"],
    ("sessions", "delete"): ["a-canary"],
    ("sessions", "prune_stale"): [1],
    ("sessions", "count_stale"): [1],
    ("sessions", "put_many"): [[]],
    ("secrets", "get"): ["a-canary"],
    ("secrets", "set"): ["a-canary", "a-canary"],
    ("secrets", "delete"): ["a-canary"],
    ("secrets", "info"): ["a-canary"],
    ("secret_history", "versions"): ["a-canary"],
    ("secret_history", "get_version"): ["a-canary", 1],
    ("secret_history", "destroy_many"): [[("a-canary", 1)]],
    ("secret_history", "undelete"): ["a-canary"],
    ("oauth_tokens", "get"): ["a-canary"],
    ("oauth_tokens", "upsert"): ["a-canary"],
    ("oauth_tokens", "delete"): ["a-canary"],
}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "ok"), (DatabaseUnusable("a-canary"), "database_unusable"), (RuntimeError("a-canary"), "failure")],
    ids=["ok", "a known error", "an unknown one"],
)
@pytest.mark.parametrize(("store", "operation"), OPERATIONS, ids=map("-".join, OPERATIONS))
def test_every_operation_is_counted_and_timed_and_no_argument_is_a_label(store, operation, error, outcome):
    metrics = Metrics()
    metered = STORES[store][1](Ending(error), metrics.stores)

    with nullcontext() if error is None else pytest.raises(type(error)):
        getattr(metered, operation)(*ARGUMENTS.get((store, operation), []))

    text = metrics.render()
    scrape = Scrape(text)
    assert scrape("store_operations_total", store=store, operation=operation, outcome=outcome) == 1
    assert scrape("store_operation_duration_seconds_count", store=store, operation=operation) == 1
    assert len(scrape.series("store_operations_total")) == 1
    assert b"a-canary" not in text


def test_each_application_counts_for_itself():
    ours, theirs = Metrics(), Metrics()

    MeteredSessionStore(MemorySessionStore(ManualClock()), ours.stores).count()

    assert Scrape(ours.render()).series("store_operations_total")
    assert Scrape(theirs.render()).series("store_operations_total") == []

"""The clients are taken for one another, and for the library: their methods must not drift apart."""

import inspect

import pytest

from app.client import AsyncSecretStore, AsyncSessionStore, AsyncStrongroomClient, StrongroomClient
from app.state import State
from domain.ports import SecretStore, SessionStore


def methods(kind):
    """The public methods of a class, with what they take."""
    return {
        name: list(inspect.signature(method).parameters.values())
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("awaited", "waiting"),
    [(AsyncSessionStore, SessionStore), (AsyncSecretStore, SecretStore), (AsyncStrongroomClient, StrongroomClient)],
    ids=["sessions", "secrets", "clients"],
)
def test_what_is_awaited_takes_what_is_waited_for(awaited, waiting):
    assert methods(awaited) == methods(waiting)
    assert all(inspect.iscoroutinefunction(getattr(awaited, name)) for name in methods(awaited))


def test_both_clients_are_made_alike():
    assert inspect.signature(AsyncStrongroomClient) == inspect.signature(StrongroomClient)


def test_a_client_can_stand_where_the_library_does():
    assert methods(StrongroomClient) == methods(State)

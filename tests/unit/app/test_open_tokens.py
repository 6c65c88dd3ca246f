"""One token that does not open hides no other."""

import pytest

from adapters.memory import MemoryOAuthTokenStore
from app.usecases.open_tokens import open_tokens
from domain.errors import Integrity
from domain.oauth import OAuthToken
from domain.values import FORGES, SecretValue

DAMAGED = Integrity("the bytes were changed")


class Store(MemoryOAuthTokenStore):
    """A store in which the tokens of some forges do not open."""

    def __init__(self, damaged=()):
        super().__init__()
        self._damaged = damaged

    def get(self, forge):
        if forge in self._damaged:
            raise DAMAGED
        return super().get(forge)


def connected(store):
    for forge in FORGES:
        store.upsert(OAuthToken(forge_type=forge, access_token=SecretValue(f"of {forge}")))
    return store


def test_a_forge_without_a_token_is_left_out():
    assert list(open_tokens(Store())) == []


@pytest.mark.parametrize("damaged", FORGES)
def test_a_token_that_does_not_open_comes_as_its_error_among_the_others(damaged):
    store = connected(Store([damaged]))

    given = dict(open_tokens(store))

    assert list(given) == list(FORGES)
    assert given.pop(damaged) is DAMAGED
    assert {forge: token.access_token.reveal() for forge, token in given.items()} == {f: f"of {f}" for f in given}

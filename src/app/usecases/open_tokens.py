"""The OAuth tokens of all forges, those that do not open among them."""

from collections.abc import Iterator

from domain.errors import Integrity
from domain.oauth import OAuthToken
from domain.ports import OAuthTokenStore
from domain.values import FORGES


def open_tokens(store: OAuthTokenStore) -> Iterator[tuple[str, OAuthToken | Integrity]]:
    """Give each forge that has a token and, if the token does not open, why: one must not hide the others."""
    for forge in FORGES:
        try:
            token = store.get(forge)
        except Integrity as error:
            yield forge, error
        else:
            if token is not None:
                yield forge, token

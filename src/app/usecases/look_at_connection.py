"""See how a connection to a forge stands, without taking its token."""

from dataclasses import dataclass

from domain.oauth import Connection
from domain.ports import OAuthTokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtConnection:
    """No token leaves it, so that looking is no event in the audit log."""

    tokens: OAuthTokenStore

    def __call__(self, forge: str) -> Connection | None:
        """Return how `forge` stands, None if it is not connected. Raises `Integrity` if its token is damaged."""
        token = self.tokens.get(forge)
        return None if token is None else token.connection

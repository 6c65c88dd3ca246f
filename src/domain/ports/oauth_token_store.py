"""Where OAuth tokens are kept."""

from abc import abstractmethod
from typing import Protocol

from domain.oauth import OAuthToken


class OAuthTokenStore(Protocol):
    """One token a forge. Each method is one transaction; what it returned from is durable."""

    @abstractmethod
    def get(self, forge: str) -> OAuthToken | None:
        """Return the token of `forge`, or None. Raises `Integrity`, naming it, if it is damaged."""

    @abstractmethod
    def upsert(self, token: OAuthToken, *, expected_version: int | None = None) -> int:
        """Store `token` for its forge and return the new version, greater than every one before.

        That holds across a delete, too; the version inside `token` is not looked at. With
        `expected_version` the store first compares: 0 means that the forge must have none.
        Raises `VersionConflict` (nothing is written) or `Invalid`.
        """

    @abstractmethod
    def delete(self, forge: str) -> bool:
        """Delete the token of `forge`; tells whether it was there."""

    @abstractmethod
    def list(self) -> list[OAuthToken]:
        """Return every token, sorted by forge. Raises `Integrity` if one is damaged."""

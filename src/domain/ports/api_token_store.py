"""Where API tokens are kept."""

from abc import abstractmethod
from typing import Protocol

from domain.api_tokens import ApiToken


class ApiTokenStore(Protocol):
    """API tokens by the SHA-256 of the token."""

    @abstractmethod
    def add(self, token: ApiToken) -> None:
        """Store a new token."""

    @abstractmethod
    def find(self, digest: bytes) -> ApiToken | None:
        """Return the token with this SHA-256, revoked and expired ones too, or None."""

    @abstractmethod
    def list(self) -> list[ApiToken]:
        """Return every token, oldest first."""

    @abstractmethod
    def revoke(self, id: str, revoked_at: int) -> bool:
        """Revoke a token at once; tells whether it is known. Revoking twice keeps the first instant."""

    @abstractmethod
    def mark_used(self, id: str, used_at: int) -> None:
        """Write down when a token was last used."""

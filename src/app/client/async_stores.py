"""The contracts of the stores for whoever awaits: those of `domain.ports`, method by method."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol

from domain.secrets import Secret, SecretInfo
from domain.sessions import Session


class AsyncSessionStore(Protocol):
    """`SessionStore`, awaited. Each method does and raises what the one of that name does there."""

    @abstractmethod
    async def get(self, key: str) -> Session | None:
        """Return the session of `key`, or None."""

    @abstractmethod
    async def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        """Say which session `key` is in."""

    @abstractmethod
    async def delete(self, key: str) -> bool:
        """Forget `key`; tells whether it was there."""

    @abstractmethod
    async def prune_stale(self, before: int) -> int:
        """Forget every session last used before the instant `before`; returns how many."""

    @abstractmethod
    async def count_stale(self, before: int) -> int:
        """Count what `prune_stale(before)` would forget."""

    @abstractmethod
    async def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        """Return the sessions whose key starts with `prefix` and sorts behind `after`, at most `limit`."""

    @abstractmethod
    async def put_many(self, sessions: Iterable[Session]) -> int:
        """Merge `sessions`, all or none; returns how many were written."""

    @abstractmethod
    async def count(self) -> int:
        """Return how many sessions there are."""


class AsyncSecretStore(Protocol):
    """`SecretStore`, awaited. Each method does and raises what the one of that name does there."""

    @abstractmethod
    async def get(self, name: str) -> Secret | None:
        """Return the secret; None if it is not there, or has expired."""

    @abstractmethod
    async def set(
        self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None
    ) -> int:
        """Store `value` under `name` and return the new version."""

    @abstractmethod
    async def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        """Delete the secret; tells whether it was there."""

    @abstractmethod
    async def info(self, name: str) -> SecretInfo | None:
        """Return what may be shown of one secret; None if it is not there."""

    @abstractmethod
    async def list(self) -> list[SecretInfo]:
        """Return what may be shown of every secret, sorted by name."""

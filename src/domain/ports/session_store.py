"""Where sessions are kept."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol

from domain.sessions import Session


class SessionStore(Protocol):
    """Sessions by key. Each method is one transaction; what it returned from is durable."""

    @abstractmethod
    def get(self, key: str) -> Session | None:
        """Return the session of `key`, or None."""

    @abstractmethod
    def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        """Say which session `key` is in, last used at `used_at` (ms UTC; now by default).

        Overwrites, whatever was stored and however new; a key keeps the `created_at` it was first
        set with. Raises `Invalid` if the key, the id or the instant is malformed.
        """

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Forget `key`; tells whether it was there."""

    @abstractmethod
    def prune_stale(self, before: int) -> int:
        """Forget every session last used before the instant `before` (ms UTC); returns how many."""

    @abstractmethod
    def count_stale(self, before: int) -> int:
        """Count what `prune_stale(before)` would forget."""

    @abstractmethod
    def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        """Return the sessions whose key starts with `prefix` and sorts behind `after`, at most `limit`.

        Sorted by key, in the order of Unicode code points.
        """

    @abstractmethod
    def put_many(self, sessions: Iterable[Session]) -> int:
        """Merge `sessions`, all or none: of two with one key, the one used later stays, whole.

        At the same instant the stored one stays. Returns how many were written.
        Raises `Invalid` if one is malformed.
        """

    @abstractmethod
    def count(self) -> int:
        """Return how many sessions there are."""

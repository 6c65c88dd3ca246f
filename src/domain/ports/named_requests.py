"""Where requests are remembered that must not be done twice."""

from abc import abstractmethod
from typing import Protocol

from domain.requests import NamedRequest, Reply


class NamedRequests(Protocol):
    """Requests by a key that tells who asks, and the name that the caller gave. Each method is one transaction."""

    @abstractmethod
    def begin(self, key: str, fingerprint: str) -> NamedRequest | None:
        """Note that a request begins now, and return None; or, if it was begun before, return what is known of it.

        Of many who begin one key at a time, one is returned None. What was begun longer ago than
        `KEPT_FOR_MS` is forgotten.
        """

    @abstractmethod
    def finish(self, key: str, reply: Reply) -> None:
        """Keep what a request that was begun was answered with."""

    @abstractmethod
    def abandon(self, key: str) -> None:
        """Forget a request that was begun and did nothing; one that has a reply stays."""

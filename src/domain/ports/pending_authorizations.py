"""Authorizations that were begun and have not come back from the forge."""

from abc import abstractmethod
from typing import Protocol

from domain.connections import PendingAuthorization
from domain.values import SecretValue


class PendingAuthorizations(Protocol):
    """Any number at a time, each used once. Verifier and answer are sealed. Each method is one transaction."""

    @abstractmethod
    def add(self, pending: PendingAuthorization) -> None:
        """Keep one that was begun; what has expired is forgotten."""

    @abstractmethod
    def find(self, state_digest: str) -> PendingAuthorization | None:
        """Return one that has not expired, and leave it."""

    @abstractmethod
    def take(self, state_digest: str, *, forge: str, starter_digest: str) -> PendingAuthorization | None:
        """Return and remove one of this forge and this starter, if it has not expired: of many callers one gets it."""

    @abstractmethod
    def hand_over(self, state_digest: str, answer: SecretValue) -> bool:
        """Lay what came back from the forge down for the terminal that waits; tells whether it still does.

        What was laid down first stays.
        """

    @abstractmethod
    def answer_to(self, state_digest: str) -> SecretValue | None:
        """Return what was laid down for this one, None so far."""

"""Answers of forges to a refresh, kept safe until the database has them."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from domain.oauth import OAuthToken


@dataclass(frozen=True, slots=True)
class JournalledAnswer:
    """A refreshed token, and the `version` of the one that it takes the place of."""

    token: OAuthToken
    version: int


class AnswerJournal(Protocol):
    """At most one answer a forge, sealed, outside the database: a refresh token that was given once is not given again.

    What `write` returned from is durable, also when the disk has become full since `reserve`.
    """

    @abstractmethod
    def reserve(self, forge: str) -> None:
        """Make room for an answer before the forge is asked. Raises `Unreachable`; what lies there stays."""

    @abstractmethod
    def write(self, forge: str, answer: JournalledAnswer) -> None:
        """Keep an answer in the room that was made. Raises `Unreachable`."""

    @abstractmethod
    def read(self, forge: str) -> JournalledAnswer | None:
        """Return the answer, None if there is none that is whole. Raises `Integrity` for one that is not ours."""

    @abstractmethod
    def clear(self, forge: str) -> None:
        """Forget the answer, and give the room back."""

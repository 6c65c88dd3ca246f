"""Whether the database is there, and in what shape."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFacts:
    """What can be told of a database without writing to it.

    `sealed_under` holds the fingerprints of the master keys that wrapped its data keys: empty while
    it holds no ciphertext.
    """

    exists: bool
    is_current: bool
    sealed_under: frozenset[str]


class Schema(Protocol):
    """The database as a whole."""

    @abstractmethod
    def look(self) -> SchemaFacts:
        """Look without writing a byte. Raises `DatabaseUnusable` if it is newer than the code or cannot serve."""

    @abstractmethod
    def upgrade(self) -> None:
        """Create what is missing and bring the schema to the newest revision, all or nothing."""

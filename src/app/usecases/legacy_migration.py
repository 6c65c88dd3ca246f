"""What a migration of one kind of old file must know; how files are moved is in `move_file`."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from domain.legacy.files import LegacyFile, LegacyRef

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[T]):
    """What a file says. `identity` recognises the value whatever file or line ending it came in.

    `place` names, for people, where in the database it belongs; `bad` names records left out.
    """

    value: T
    identity: bytes
    place: str
    records: int = 1
    bad: tuple[str, ...] = ()


class Held(Enum):
    """What the database holds where a value belongs."""

    NOTHING = "nothing"
    THE_SAME = "the same"
    ANOTHER = "another value"
    UNREADABLE = "a value that cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a reading stands against the database; `stays` names records whose stored version stays."""

    held: Held
    stays: frozenset[str] = frozenset()


class LegacyMigration(Protocol[T]):
    """One kind of old file."""

    @property
    @abstractmethod
    def id(self) -> str:
        """The migration's id in reports and in the ledger."""

    @abstractmethod
    def claims(self, ref: LegacyRef) -> bool:
        """Tell whether an entry is this migration's concern, leftovers of its files included."""

    @abstractmethod
    def parse(self, file: LegacyFile) -> Reading[T]:
        """Read a file; raises `Malformed`."""

    @abstractmethod
    def compare(self, reading: Reading[T]) -> Standing:
        """Hold a reading against the database."""

    @abstractmethod
    def store(self, reading: Reading[T], *, replace: bool) -> None:
        """Store a reading, durably. Without `replace`, raises `VersionConflict` if something is there."""

    @abstractmethod
    def is_stored(self, reading: Reading[T], standing: Standing) -> bool:
        """Read everything back on a fresh connection, decrypting it, and compare."""

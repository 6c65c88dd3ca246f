"""What a database can tell of its own health."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The database engine. `has_wal_reset_bug`: it may damage a database that several connections write to."""

    version: str
    has_wal_reset_bug: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """How many sealed values name each data key, and how many values are not sealed at all."""

    by_key: Mapping[str, int]
    unsealed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the tables differ from those of the schema's version.

    `missing` names tables, and columns as `table.column`; `foreign` names tables that are not ours.
    """

    missing: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


class DatabaseCheckup(Protocol):
    """Looks at the database as a whole, and changes nothing."""

    @abstractmethod
    def engine(self) -> Engine:
        """Say which engine it is."""

    @abstractmethod
    def faults(self, *, thorough: bool) -> list[str]:
        """Have the engine check its own structure; returns what it complains of, at most ten lines.

        `thorough` compares indices with tables as well, which takes several times as long.
        """

    @abstractmethod
    def drift(self) -> Drift:
        """Compare the tables with what they should be. `foreign` is sorted."""

    @abstractmethod
    def census(self) -> Census:
        """Count the values of every sealed column; decrypts nothing. What `drift` misses counts as empty."""

    @abstractmethod
    def newest(self) -> int | None:
        """Return the newest instant (ms UTC) that our own clock wrote into a row; None if there is none.

        What `drift` misses counts as empty.
        """

"""What has come in from files, ever: so that a revoked token does not rise again."""

from abc import abstractmethod
from typing import Protocol

from domain.migrations import LedgerEntry, MigrationOutcome


class MigrationLedger(Protocol):
    """Keyed hashes of imported values, which outlive the rows, and the latest outcome of every source."""

    @abstractmethod
    def knows(self, migration_id: str, digest: str) -> bool:
        """Tell whether a value with this keyed hash has been imported before."""

    @abstractmethod
    def record(self, entry: LedgerEntry) -> None:
        """Write down that a value came in. The same value twice is not an error."""

    @abstractmethod
    def mark_removed(self, migration_id: str, digest: str, removed_at: int) -> None:
        """Write down that the file is gone. Losing this note in a crash does no harm."""

    @abstractmethod
    def entries(self) -> list[LedgerEntry]:
        """Return everything that came in, sorted by migration and file."""

    @abstractmethod
    def latest(self) -> list[MigrationOutcome]:
        """Return the outcomes that were published last; a migration without sources may be left out."""

    @abstractmethod
    def publish(self, outcomes: list[MigrationOutcome]) -> None:
        """Replace the latest outcomes; writes nothing if they are the same."""

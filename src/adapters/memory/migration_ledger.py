"""What has come in from files, in memory."""

from dataclasses import replace
from threading import Lock

from typing_extensions import override

from domain.migrations import LedgerEntry, MigrationOutcome
from domain.ports import MigrationLedger


class MemoryMigrationLedger(MigrationLedger):
    """Entries by migration and keyed hash; the first note of a value stays."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: dict[tuple[str, str], LedgerEntry] = {}
        self._latest: tuple[MigrationOutcome, ...] = ()

    @override
    def knows(self, migration_id: str, digest: str) -> bool:
        with self._lock:
            return (migration_id, digest) in self._entries

    @override
    def record(self, entry: LedgerEntry) -> None:
        with self._lock:
            self._entries.setdefault((entry.migration_id, entry.digest), entry)

    @override
    def mark_removed(self, migration_id: str, digest: str, removed_at: int) -> None:
        with self._lock:
            entry = self._entries.get((migration_id, digest))
            if entry is not None:
                self._entries[migration_id, digest] = replace(entry, removed_at=removed_at)

    @override
    def entries(self) -> list[LedgerEntry]:
        with self._lock:
            return sorted(self._entries.values(), key=lambda entry: (entry.migration_id, entry.file))

    @override
    def latest(self) -> list[MigrationOutcome]:
        with self._lock:
            return [*self._latest]

    @override
    def publish(self, outcomes: list[MigrationOutcome]) -> None:
        with self._lock:
            self._latest = tuple(outcomes)

"""What came in from files in `migration_ledger`, and how each file stands in `migration_outcome`."""

from itertools import groupby
from operator import itemgetter

from sqlalchemy import bindparam, delete, insert, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row
from adapters.sql.tables import migration_ledger as table
from adapters.sql.tables import migration_outcome as outcome
from domain.migrations import LedgerEntry, MigrationOutcome, Outcome, SourceOutcome
from domain.ports import MigrationLedger

_ENTRY = (
    table.c.migration_id,
    table.c.file,
    table.c.digest,
    table.c.records,
    table.c.imported_at,
    table.c.removed_at,
)
_OUTCOME = (
    outcome.c.migration_id,
    outcome.c.file,
    outcome.c.outcome,
    outcome.c.records,
    outcome.c.skipped,
    outcome.c.reason,
)


class SqlMigrationLedger(MigrationLedger):
    """The ledger outlives the rows it speaks of."""

    def __init__(self, database: Database) -> None:
        self._database = database
        same = (table.c.migration_id == bindparam("migration"), table.c.digest == bindparam("value_digest"))
        self._find = database.prepare(select(table.c.imported_at).where(*same))
        self._record = database.prepare(database.insert(table).on_conflict_do_nothing())
        self._remove = database.prepare(update(table).where(*same).values(removed_at=bindparam("instant")))
        self._entries = database.prepare(select(*_ENTRY).order_by(table.c.migration_id, table.c.file))
        self._latest = database.prepare(select(*_OUTCOME).order_by(outcome.c.migration_id, outcome.c.file))
        self._clear = database.prepare(delete(outcome))
        self._publish = database.prepare(insert(outcome))

    @override
    def knows(self, migration_id: str, digest: str) -> bool:
        return self._database.one(self._find, {"migration": migration_id, "value_digest": digest}) is not None

    @override
    def record(self, entry: LedgerEntry) -> None:
        with self._database.transaction() as transaction:
            transaction.run(
                self._record,
                {
                    "migration_id": entry.migration_id,
                    "digest": entry.digest,
                    "file": entry.file,
                    "records": entry.records,
                    "imported_at": entry.imported_at,
                    "removed_at": entry.removed_at,
                },
            )

    @override
    def mark_removed(self, migration_id: str, digest: str, removed_at: int) -> None:
        with self._database.transaction() as transaction:
            transaction.run(self._remove, {"migration": migration_id, "value_digest": digest, "instant": removed_at})

    @override
    def entries(self) -> list[LedgerEntry]:
        return [
            LedgerEntry(
                migration_id=migration_id,
                file=file,
                digest=digest,
                records=records,
                imported_at=imported_at,
                removed_at=removed_at,
            )
            for migration_id, file, digest, records, imported_at, removed_at in self._database.all(self._entries)
        ]

    @override
    def latest(self) -> list[MigrationOutcome]:
        rows = self._database.all(self._latest)
        return [
            MigrationOutcome(id=migration_id, sources=tuple(map(_source, group)))
            for migration_id, group in groupby(rows, key=itemgetter(0))
        ]

    @override
    def publish(self, outcomes: list[MigrationOutcome]) -> None:
        rows = sorted(_rows(outcomes), key=itemgetter("migration_id", "file"))
        stored = [dict(zip([c.name for c in _OUTCOME], row, strict=True)) for row in self._database.all(self._latest)]
        if rows == stored:
            return
        with self._database.transaction() as transaction:
            transaction.run(self._clear)
            transaction.run_many(self._publish, map(self._publish.bind, rows))


def _rows(outcomes: list[MigrationOutcome]) -> list[dict[str, object]]:
    return [
        {
            "migration_id": migration.id,
            "file": source.file,
            "outcome": source.outcome.value,
            "records": source.records,
            "skipped": source.skipped,
            "reason": source.reason,
        }
        for migration in outcomes
        for source in migration.sources
    ]


def _source(row: Row) -> SourceOutcome:
    _, file, kind, records, skipped, reason = row
    return SourceOutcome(file=file, outcome=Outcome(kind), records=records, skipped=skipped, reason=reason)

"""What becomes of the old files: an outcome for each, gathered in a report."""

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one source (the contract's table)."""

    IMPORTED = "imported"
    ALREADY_IMPORTED = "already_imported"
    EQUAL = "equal"
    CONFLICT = "conflict"
    SUPERSEDED = "superseded"
    PARTIAL = "partial"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    SOURCE_REMAINS = "source_remains"
    IGNORED = "ignored"

    @property
    def needs_attention(self) -> bool:
        """Tell whether a person has to do something before this source is settled."""
        return self in _NEXT_STEPS

    @property
    def settles(self) -> bool:
        """Tell whether the file is gone with this outcome."""
        return not self.needs_attention and self is not Outcome.IGNORED

    @property
    def next_step(self) -> str | None:
        """Say what a person can do about it; None where there is nothing to do."""
        return _NEXT_STEPS.get(self)


_NEXT_STEPS = {
    Outcome.CONFLICT: "`strongroom migrate --prefer database` keeps the stored value, `--prefer file` takes the file's",
    Outcome.PARTIAL: "mend the named records, or run `strongroom migrate --accept-partial` to leave them behind",
    Outcome.REJECTED: "mend the file or move it away; it was not touched",
    Outcome.DEFERRED: "make the file readable and start again; it was not touched",
    Outcome.SOURCE_REMAINS: "the value is stored; remove the file by hand, or make its directory writable",
}


class Preference(StrEnum):
    """Whose value wins a conflict when the operator says so."""

    DATABASE = "database"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOutcome:
    """One line of the report. `file` is relative to its directory.

    `records` counts the good records that were read in it, `skipped` the bad ones, which the reason
    names: together they are all that it holds.
    """

    file: str
    outcome: Outcome
    records: int = 0
    skipped: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationOutcome:
    """What one migration found and did."""

    id: str
    sources: tuple[SourceOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """What one run of the migrations found and did; `backup` names the one made before the first removal."""

    dry_run: bool
    backup: str | None = None
    duration_ms: int = 0
    migrations: tuple[MigrationOutcome, ...] = field(default=())

    @property
    def sources(self) -> list[SourceOutcome]:
        """Every source of every migration."""
        return [source for migration in self.migrations for source in migration.sources]

    @property
    def attention(self) -> list[SourceOutcome]:
        """The sources that wait for a person."""
        return [source for source in self.sources if source.outcome.needs_attention]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """A value that once came in from a file: its keyed hash, and since when the file is gone (None: not yet)."""

    migration_id: str
    file: str
    digest: str
    records: int
    imported_at: int
    removed_at: int | None = None

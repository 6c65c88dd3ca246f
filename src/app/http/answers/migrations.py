"""Answers about the old files."""

from app.http.answers.answer import Answer, Instant
from domain.migrations import Outcome


class Source(Answer):
    """What became of one old file."""

    file: str
    outcome: Outcome
    records: int
    skipped: int
    reason: str | None


class SourceStanding(Source):
    """What became of one old file, and what a person can do about it."""

    next_step: str | None


class Import(Answer):
    """What once came in from a file; `removed_at` is null while the file is still there."""

    file: str
    records: int
    imported_at: Instant
    removed_at: Instant | None


class MigrationStanding(Answer):
    """One migration: what its last run found, and all that it ever brought in."""

    id: str
    sources: list[SourceStanding]
    imported: list[Import]


class MigrationList(Answer):
    """Every migration, those that found nothing too."""

    migrations: list[MigrationStanding]


class MigrationOutcome(Answer):
    """What one migration found and did."""

    id: str
    sources: list[Source]


class MigrationReport(Answer):
    """What a run found and did; `backup` names the one made before the first removal."""

    dry_run: bool
    backup: str | None
    duration_ms: int
    migrations: list[MigrationOutcome]

"""Move every old file into the database: all values in, one backup, then the files away."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from app.audit import current_actor
from app.usecases.legacy_migration import LegacyMigration
from app.usecases.move_file import Move, MoveFile, Wishes
from app.usecases.unlock import LOCK_PATIENCE_MS
from domain.audit import Action
from domain.backups import Reason
from domain.errors import Busy, DatabaseUnusable, DomainError, Integrity, Unreachable
from domain.legacy.files import LegacyRef
from domain.migrations import MigrationOutcome, MigrationReport, Outcome, Preference, SourceOutcome
from domain.ports import AuditLog, BackupStore, Lock, Progress

_DATABASE_FAILED = (DatabaseUnusable, Busy, Integrity, Unreachable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate:
    """The three migrations, one process at a time. A file that cannot be moved never stops the others."""

    migrations: tuple[LegacyMigration[Any], ...]
    move_file: MoveFile
    backups: BackupStore
    audit: AuditLog
    lock: Lock
    progress: Progress
    patience_ms: int = field(default=LOCK_PATIENCE_MS)

    def __call__(
        self, *, dry_run: bool = False, accept_partial: bool = False, prefer: Preference | None = None
    ) -> MigrationReport:
        """Run the migrations; with `dry_run` say what they would do and write nothing.

        Raises `Busy` if another process is at it for longer than `patience_ms`.
        """
        started_at = self.move_file.clock.now()
        wishes = Wishes(dry_run=dry_run, accept_partial=accept_partial, prefer=prefer)
        if dry_run:
            return self._timed(self._report(list(self._brought_in(wishes)), wishes, backup=None), started_at)
        with self.lock.hold(patience_ms=self.patience_ms, on_wait=self._say_that_we_wait):
            moves = list(self._brought_in(wishes))
            backup, moves = self._backed_up(moves)
            moves = self._written_down(moves, backup)
            moves = [self._taken_away(move) for move in moves]
            report = self._report(moves, wishes, backup=backup)
            self._publish(report)
        return self._timed(report, started_at)

    def _timed(self, report: MigrationReport, started_at: int) -> MigrationReport:
        return replace(report, duration_ms=self.move_file.clock.now() - started_at)

    def _brought_in(self, wishes: Wishes) -> Iterator[Move]:
        """Bring in file after file. Once the database has failed, none is tried again: no retry after a failed sync."""
        failure: str | None = None
        claimed = list(self._claimed())
        for done, (migration, ref) in enumerate(claimed):
            self.progress.report("moving files", done, len(claimed))
            if failure is None:
                try:
                    move = self.move_file.bring_in(migration, ref, wishes)
                except _DATABASE_FAILED as error:
                    failure = error.message
                else:
                    if move is not None:
                        yield move
                    continue
            yield Move(migration_id=migration.id, ref=ref, outcome=Outcome.DEFERRED, reason=failure)
        self.progress.report("moving files", len(claimed), len(claimed))

    def _claimed(self) -> Iterator[tuple[LegacyMigration[Any], LegacyRef]]:
        refs = self.move_file.source.list()
        for migration in self.migrations:
            for ref in refs:
                if migration.claims(ref):
                    yield migration, ref

    def _backed_up(self, moves: list[Move]) -> tuple[str | None, list[Move]]:
        """Make a backup if a file is to go that no backup covers yet; without one, no file goes."""
        pending = sorted({move.removal.cover for move in moves if move.removal})
        try:
            covered = {cover for backup in self.backups.list() if backup.verified for cover in backup.covers}
            if set(pending) <= covered:
                return None, moves
            return self.backups.create(reason=Reason.MIGRATION, covers=tuple(pending)).file, moves
        except DomainError as error:
            reason = f"the value is stored; the file stays until a backup can be made: {error.message}"
            return None, [m.ends(Outcome.DEFERRED, reason) if m.removal else m for m in moves]

    def _written_down(self, moves: list[Move], backup: str | None) -> list[Move]:
        """Leave one event for a run that moves something; without it, no file goes."""
        if not any(move.is_new or move.removal for move in moves):
            return moves
        counts = Counter(move.outcome.value for move in moves)
        detail = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        try:
            self.audit.record(
                current_actor(), Action.MIGRATION_RUN, "old files", detail=f"{detail}; backup: {backup or 'none'}"
            )
        except _DATABASE_FAILED as error:
            reason = f"the value is stored; the file stays until the audit log can be written: {error.message}"
            return [m.ends(Outcome.DEFERRED, reason) if m.removal else m for m in moves]
        return moves

    def _taken_away(self, move: Move) -> Move:
        try:
            return self.move_file.take_away(move)
        except _DATABASE_FAILED as error:
            self.progress.note(f"{move.ref.shown} is moved; noting that failed: {error.message}")
            return move

    def _report(self, moves: list[Move], wishes: Wishes, *, backup: str | None) -> MigrationReport:
        outcomes = tuple(
            MigrationOutcome(
                id=migration.id,
                sources=tuple(move.reported for move in moves if move.migration_id == migration.id),
            )
            for migration in self.migrations
        )
        return MigrationReport(dry_run=wishes.dry_run, backup=backup, migrations=outcomes)

    def _publish(self, report: MigrationReport) -> None:
        """Write down how every file stands now, and keep what was said of those that were settled before."""
        ledger = self.move_file.ledger
        try:
            before = {migration.id: migration.sources for migration in ledger.latest()}
            ledger.publish([_with_settled(migration, before.get(migration.id, ())) for migration in report.migrations])
        except _DATABASE_FAILED as error:
            self.progress.note(f"the outcomes could not be written down: {error.message}")

    def _say_that_we_wait(self) -> None:
        self.progress.note("another process is moving the old files; waiting for it")


def _with_settled(now: MigrationOutcome, before: tuple[SourceOutcome, ...]) -> MigrationOutcome:
    """Add files that were moved by an earlier run and are not here any more."""
    here = {source.file for source in now.sources}
    settled = [source for source in before if source.file not in here and source.outcome.settles]
    return replace(now, sources=(*now.sources, *settled))

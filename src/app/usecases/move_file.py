"""Move one old file into the database so that at no moment the value is in neither place.

Bringing in: read, parse, compare, store (durable), read back on a fresh connection, archive the
bytes, enter the ledger. Taking away: remove the very file that was read. Between the two a backup
is made. Each step may be repeated, so a killed process just starts again.
"""

from dataclasses import dataclass, replace
from typing import Any

from app.usecases.legacy_migration import Held, LegacyMigration, Reading, Standing
from domain.errors import Integrity, NotFound, VersionConflict
from domain.legacy.files import Fingerprint, Kind, LegacyFile, LegacyRef, is_left_by_editor
from domain.legacy.sessions_file import summary
from domain.legacy.text import Malformed
from domain.migrations import LedgerEntry, Outcome, Preference, SourceOutcome
from domain.ports import Cipher, Clock, LegacyArchive, LegacyFileSource, MigrationLedger
from domain.ports.legacy_file_source import SourceChanged, SourceRemains, SourceTooLarge, SourceUnreadable

_READABLE_BY_OTHERS = 0o044


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator asked for."""

    dry_run: bool = False
    accept_partial: bool = False
    prefer: Preference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What it takes to remove a file whose value is safe. `cover` recognises its bytes in a backup's manifest."""

    fingerprint: Fingerprint
    digest: str
    cover: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How far one file has come: its outcome and, if it is to be removed, how. `is_new`: its value just came in."""

    migration_id: str
    ref: LegacyRef
    outcome: Outcome
    records: int = 0
    skipped: int = 0
    reason: str | None = None
    removal: Removal | None = None
    is_new: bool = False

    def ends(self, outcome: Outcome, reason: str) -> "Move":
        """Return the move with another end, its file left where it is."""
        return replace(self, outcome=outcome, reason=reason, removal=None)

    @property
    def reported(self) -> SourceOutcome:
        """The line of the report."""
        return SourceOutcome(
            file=self.ref.shown,
            outcome=self.outcome,
            records=self.records,
            skipped=self.skipped,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFile:
    """Bring a file's value in, and later take the file away."""

    source: LegacyFileSource
    archive: LegacyArchive
    ledger: MigrationLedger
    cipher: Cipher
    clock: Clock

    def bring_in(self, migration: LegacyMigration[Any], ref: LegacyRef, wishes: Wishes) -> Move | None:
        """Store the value of `ref`; returns how it stands, or None if the file has just vanished.

        Raises `DatabaseUnusable` or `Busy` if the database fails; the file is then untouched.
        """
        start = Move(migration_id=migration.id, ref=ref, outcome=Outcome.DEFERRED)
        if (unfit := _unfit(ref)) is not None:
            return start.ends(*unfit)
        try:
            file = self.source.read(ref)
            reading = migration.parse(file)
        except NotFound:
            return None
        except SourceUnreadable as error:
            return start.ends(Outcome.DEFERRED, error.message)
        except (Malformed, SourceTooLarge) as error:
            return start.ends(Outcome.REJECTED, error.message)
        move = replace(start, records=reading.records, skipped=len(reading.bad), reason=_remark(file))
        return self._settled(migration, move, file, reading, wishes)

    def take_away(self, move: Move) -> Move:
        """Remove the file of a finished move, if it is still the file that was read."""
        if move.removal is None:
            return move
        try:
            self.source.remove(move.ref, move.removal.fingerprint)
        except SourceChanged:
            return move.ends(
                Outcome.DEFERRED, "the file changed while it was moved; it is looked at again at the next start"
            )
        except SourceRemains as error:
            return move.ends(Outcome.SOURCE_REMAINS, error.message)
        self.ledger.mark_removed(move.migration_id, move.removal.digest, self.clock.now())
        return move

    def _settled(
        self, migration: LegacyMigration[Any], move: Move, file: LegacyFile, reading: Reading[Any], wishes: Wishes
    ) -> Move:
        try:
            return self._settle(migration, move, file, reading, wishes)
        except VersionConflict:
            return move.ends(Outcome.CONFLICT, _conflict(move.ref, reading, Held.ANOTHER))
        except Integrity as error:
            return move.ends(Outcome.DEFERRED, error.message)

    def _settle(
        self, migration: LegacyMigration[Any], move: Move, file: LegacyFile, reading: Reading[Any], wishes: Wishes
    ) -> Move:
        digest = self.cipher.digest(migration.id, reading.identity)
        known = self.ledger.knows(migration.id, digest)
        standing = Standing(held=Held.THE_SAME) if known else migration.compare(reading)
        outcome = Outcome.ALREADY_IMPORTED if known else _outcome(standing, wishes.prefer)
        if outcome is Outcome.CONFLICT:
            return move.ends(outcome, _conflict(move.ref, reading, standing.held))
        if not wishes.dry_run:
            if not known and not self._store(migration, reading, standing, outcome):
                return move.ends(Outcome.DEFERRED, "what was stored does not read back as it was written")
            self._write_down(migration.id, file, reading, digest)
            move = replace(move, is_new=not known)
        if reading.bad and not wishes.accept_partial:
            return move.ends(Outcome.PARTIAL, f"{_counted(reading)}: {summary(list(reading.bad))}")
        if reading.bad:
            left = f"{_counted(reading)}, left behind as asked: {summary(list(reading.bad))}"
            move = replace(move, reason=left)
            outcome = Outcome.IMPORTED
        if not self.source.can_remove(move.ref):
            return move.ends(
                Outcome.SOURCE_REMAINS, "the value is stored; the file is in a place that cannot be written to"
            )
        cover = self.cipher.digest("legacy file", file.fingerprint.sha256)
        removal = Removal(fingerprint=file.fingerprint, digest=digest, cover=cover)
        return replace(move, outcome=outcome, removal=removal)

    def _store(
        self, migration: LegacyMigration[Any], reading: Reading[Any], standing: Standing, outcome: Outcome
    ) -> bool:
        """Store what is to be stored; tells whether the database then holds what the file said."""
        if outcome is Outcome.SUPERSEDED:
            return True
        if outcome is Outcome.IMPORTED:
            migration.store(reading, replace=standing.held is not Held.NOTHING)
        return migration.is_stored(reading, standing)

    def _write_down(self, migration_id: str, file: LegacyFile, reading: Reading[Any], digest: str) -> None:
        self.archive.keep(file)
        self.ledger.record(
            LedgerEntry(
                migration_id=migration_id,
                file=file.ref.logical,
                digest=digest,
                records=reading.records,
                imported_at=self.clock.now(),
            )
        )


def _unfit(ref: LegacyRef) -> tuple[Outcome, str] | None:
    """Tell what an entry is if it is none that we read."""
    if ref.kind is Kind.UNREADABLE:
        return Outcome.DEFERRED, "it cannot be looked at: permissions, or a fault of the disk"
    if ref.kind is not Kind.FILE:
        return Outcome.IGNORED, f"a {ref.kind.value}, not a file"
    if is_left_by_editor(ref.logical.rpartition("/")[2]):
        return Outcome.IGNORED, "an editor's or a backup copy; it may hold a token"
    return None


def _outcome(standing: Standing, prefer: Preference | None) -> Outcome:
    if standing.held is Held.NOTHING:
        return Outcome.IMPORTED
    if standing.held is Held.THE_SAME:
        return Outcome.EQUAL
    if prefer is Preference.FILE:
        return Outcome.IMPORTED
    if prefer is Preference.DATABASE and standing.held is Held.ANOTHER:
        return Outcome.SUPERSEDED
    return Outcome.CONFLICT


def _conflict(ref: LegacyRef, reading: Reading[Any], held: Held) -> str:
    """Name both places and no value."""
    return f"{reading.place} holds {held.value}; {ref.root.value}/{ref.shown} was left as it is"


def _counted(reading: Reading[Any]) -> str:
    return f"{len(reading.bad)} bad of {reading.records + len(reading.bad)} records"


def _remark(file: LegacyFile) -> str | None:
    """Say what an operator should know of a file that was moved."""
    remarks = []
    if file.links > 1:
        remarks.append(f"another name of the same file remains ({file.links} hard links)")
    if file.mode & _READABLE_BY_OTHERS:
        remarks.append(f"other users could read it (mode {file.mode:04o}): worth rotating")
    return "; ".join(remarks) or None

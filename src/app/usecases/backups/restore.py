"""Restore the database from a backup."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.audit import current_actor
from app.usecases.open_tokens import open_tokens
from app.usecases.unlock import LOCK_PATIENCE_MS
from domain.audit import Action
from domain.connections import ConnectionFault, FaultKind
from domain.errors import Integrity
from domain.instants import format_instant
from domain.oauth import OAuthToken
from domain.ports import Clock, DatabaseRestore, Lock, Progress, StagedRestore
from domain.restores import Restored, RestorePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreBackup:
    """One process at a time, and none that starts meanwhile. Whatever is wrong with a backup is found before."""

    restore: DatabaseRestore
    lock: Lock
    clock: Clock
    progress: Progress

    def plan(self, file: str) -> RestorePlan:
        """Check the backup `file` as a restore does, and say what one would do; writes nothing. Raises as calling."""
        self.progress.note("checking the backup: every byte, row and value")
        with self.restore.looked_at(file) as found:
            return RestorePlan(
                backup=found.backup,
                upgrades_from=found.upgraded_from,
                values=found.values,
                connections=tuple(token.forge_type for token in _tokens(found)),
                replaces=self.restore.exists(),
            )

    def __call__(self, file: str) -> Restored:
        """Put the backup `file` in the place of the database; what was there is kept as another backup.

        Raises `NotFound`, `Integrity` (`KeyRefused` for another master key), `DatabaseUnusable` or `Busy`;
        then the database is as it was.
        """
        with self.lock.hold(patience_ms=LOCK_PATIENCE_MS, on_wait=self._say_that_we_wait):
            self.progress.note("checking the backup: every byte, row and value")
            with self.restore.staged(file) as staged:
                marked = tuple(token.forge_type for token in _tokens(staged) if self._mark(staged, token))
                self._write_down(staged)
                self.progress.note("keeping what is there, and putting the backup in its place")
                kept = self.restore.replace(staged)
        return Restored(backup=staged.backup, kept=kept, connections=marked)

    def _mark(self, staged: StagedRestore, token: OAuthToken) -> bool:
        """Have a token checked before it is used: its refresh token may be spent, for each is good once.

        One that its forge had refused needs no check.
        """
        former = staged.faults.get(token.forge_type)
        if former is not None and former.token_version == token.version and former.kind.is_final:
            return False
        now = self.clock.now()
        made = format_instant(staged.backup.created_at)
        staged.faults.record(
            ConnectionFault(
                forge=token.forge_type,
                token_version=token.version,
                kind=FaultKind.UNCHECKED,
                reason=f"restored from a backup made {made}, and not checked since",
                since=now,
                at=now,
                failures=0,
            )
        )
        return True

    def _write_down(self, staged: StagedRestore) -> None:
        """Add the event to the log that is restored. One that does not verify refuses it, and says so from then on."""
        backup = staged.backup
        made = f"made {format_instant(backup.created_at)} by version {backup.application_version}"
        try:
            staged.audit.record(current_actor(), Action.BACKUP_RESTORE, backup.file, detail=made)
        except Integrity as error:
            self.progress.note(f"the restore leaves no event: {error.message}")

    def _say_that_we_wait(self) -> None:
        self.progress.note("another process is at work on this state directory; waiting for it")


def _tokens(staged: StagedRestore) -> Iterator[OAuthToken]:
    """Give the tokens that open."""
    for _, token in open_tokens(staged.oauth_tokens):
        if not isinstance(token, Integrity):
            yield token

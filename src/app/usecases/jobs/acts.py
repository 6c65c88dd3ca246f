"""What each job does, and the words for what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.settings import Settings
from app.usecases.backups.prune import PruneBackups
from app.usecases.backups.push import PushBackups
from app.usecases.backups.rehearse import RehearseRestore
from app.usecases.jobs.run import Act
from app.usecases.mounts.reconcile import ReconcileMounts
from app.usecases.oauth.ahead import RefreshAhead
from app.usecases.prune_audit import PruneAudit
from app.usecases.prune_sessions import PruneSessions
from domain.backups import Reason
from domain.instants import DAY_MS
from domain.jobs import Job
from domain.ports import BackupStore, Checkpoints, Clock, LegacyArchive

_NOTHING = "nothing to do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """A use case a job."""

    settings: Callable[[], Settings]
    clock: Clock
    prune_sessions: PruneSessions
    archive: LegacyArchive
    prune_audit: PruneAudit
    backups: BackupStore
    prune_backups: PruneBackups
    rehearse: RehearseRestore
    push_backups: PushBackups
    checkpoints: Checkpoints
    reconcile: ReconcileMounts
    refresh_ahead: RefreshAhead

    def by_job(self) -> Mapping[Job, Act]:
        """Return what each job does."""
        return {
            Job.SESSIONS: self._sessions,
            Job.ARCHIVE: self._archive,
            Job.AUDIT: self._audit,
            Job.BACKUP: self._backup,
            Job.RETENTION: self._retention,
            Job.REHEARSAL: self._rehearsal,
            Job.OFFSITE: self._offsite,
            Job.CHECKPOINT: self._checkpoint,
            Job.MOUNTS: self._mounts,
            Job.OAUTH: self._oauth,
        }

    def _sessions(self) -> str:
        gone = self.prune_sessions(self.settings().session_ttl_days * DAY_MS)
        return f"stale sessions forgotten: {gone}"

    def _archive(self) -> str:
        gone = self.archive.expire(self.clock.now() - self.settings().archive_ttl_days * DAY_MS)
        return f"archived files forgotten: {gone}"

    def _audit(self) -> str:
        return f"events forgotten: {self.prune_audit(self.settings().audit_ttl_days * DAY_MS)}"

    def _backup(self) -> str:
        return f"made {self.backups.create(reason=Reason.SCHEDULE).file}"

    def _retention(self) -> str:
        plan = self.prune_backups(self.settings().backup_keep)
        return f"backups kept: {len(plan.kept)}, removed: {len(plan.removed)}"

    def _rehearsal(self) -> str:
        restored = self.rehearse()
        return f"restored {restored.backup.file}, values opened: {restored.values}"

    def _offsite(self) -> str:
        pushed = self.push_backups()
        return f"pushed {', '.join(pushed)}" if pushed else "all are there"

    def _checkpoint(self) -> str:
        done = self.checkpoints.run()
        return f"pages in the log: {done.pages}, folded: {done.folded}" + (", emptied" if done.emptied else "")

    def _mounts(self) -> str:
        done = self.reconcile(thorough=True)
        if done.faults:
            raise done.faults[0]
        return "; ".join(done.acts) or _NOTHING

    def _oauth(self) -> str:
        return ", ".join(self.refresh_ahead()) or _NOTHING

"""What a service does by itself from time to time: how each job stands, and when it is due."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.instants import HOUR_MS, MINUTE_MS

_DOUBLINGS = 6
_AFTER_A_KILL_MS = 10 * MINUTE_MS


class Job(StrEnum):
    """The jobs. The values are stored, and labels of metrics: they are never renamed."""

    SESSIONS = "sessions"
    ARCHIVE = "archive"
    AUDIT = "audit"
    BACKUP = "backup"
    RETENTION = "retention"
    REHEARSAL = "rehearsal"
    OFFSITE = "offsite"
    CHECKPOINT = "checkpoint"
    MOUNTS = "mounts"
    OAUTH = "oauth"

    @property
    def forgets(self) -> bool:
        """Whether it removes what nobody asked it to by name."""
        return self in {Job.SESSIONS, Job.ARCHIVE, Job.AUDIT, Job.RETENTION}

    @property
    def purpose(self) -> str:
        """What it is for, for people."""
        return _PURPOSES[self]


_PURPOSES: Mapping[Job, str] = {
    Job.SESSIONS: "forget stale sessions",
    Job.ARCHIVE: "forget archived legacy files that have been there long enough",
    Job.AUDIT: "forget old events of the audit log",
    Job.BACKUP: "make a backup",
    Job.RETENTION: "remove backups that are not kept any longer",
    Job.REHEARSAL: "restore the newest backup into a scratch place, and open everything in it",
    Job.OFFSITE: "push backups off-site",
    Job.CHECKPOINT: "fold the write-ahead log into the database",
    Job.MOUNTS: "compare every token mount with its secrets",
    Job.OAUTH: "refresh OAuth tokens that are in use, and check restored ones",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """How a job went; instants in ms UTC, None if that never happened.

    `result` says what the last run that succeeded did, `error` why the last one failed, None if it did
    not; `failures` how often in a row.
    """

    job: Job
    started_at: int | None = None
    ended_at: int | None = None
    succeeded_at: int | None = None
    result: str | None = None
    error: str | None = None
    failures: int = 0

    def begun(self, now: int) -> "JobRecord":
        """Return the record of a run that begins."""
        return replace(self, started_at=now)

    def succeeded(self, now: int, result: str) -> "JobRecord":
        """Return the record of a run that ended well."""
        return replace(self, ended_at=now, succeeded_at=now, result=result, error=None, failures=0)

    def failed(self, now: int, error: str) -> "JobRecord":
        """Return the record of a run that did not."""
        return replace(self, ended_at=now, error=error, failures=self.failures + 1)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether a run was begun and has not ended: it goes on, or its process was ended."""
        return self.started_at is not None and (self.ended_at is None or self.ended_at < self.started_at)

    def next_at(self, every_ms: int) -> int | None:
        """Say when it is due again, None if it never ran: `every_ms` after it began, sooner after a failure.

        Then after 1, 2, 4 … 60 minutes, but never later than without the failure. One whose process was
        killed is begun again soon, and not at once: it may be what the process was killed for.
        """
        if self.started_at is None:
            return None
        if self.ended_at is None or self.is_unfinished:
            return self.started_at + min(_AFTER_A_KILL_MS, every_ms)
        if not self.failures:
            return max(self.started_at + every_ms, self.ended_at)
        pause = min(MINUTE_MS << min(self.failures - 1, _DOUBLINGS), HOUR_MS)
        return self.ended_at + min(pause, every_ms)

    def is_due(self, now: int, every_ms: int) -> bool:
        """Tell whether it is time. A run that is to come says that the clock was put back, and proves nothing."""
        at = self.next_at(every_ms)
        return at is None or now >= at or max(self.started_at or 0, self.ended_at or 0) > now

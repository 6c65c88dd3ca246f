"""How often each job runs, by the settings, and how the jobs stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.settings import Settings
from domain.instants import DAY_MS, HOUR_MS, MINUTE_MS
from domain.jobs import Job, JobRecord
from domain.ports import Clock, JobJournal

CHECKPOINT_EVERY_MS = 5 * MINUTE_MS

AFTER_START_MS: Final[Mapping[Job, int]] = MappingProxyType(
    {
        Job.BACKUP: MINUTE_MS,
        Job.REHEARSAL: 10 * MINUTE_MS,
        Job.SESSIONS: HOUR_MS,
        Job.ARCHIVE: HOUR_MS,
        Job.AUDIT: HOUR_MS,
        Job.RETENTION: HOUR_MS,
    }
)
"""How long after a start a job that has never run waits; the others do not. Nothing is forgotten in the first hour."""


def intervals(settings: Settings) -> Mapping[Job, int]:
    """Return how often each job runs, in milliseconds; 0 is never."""
    return {
        Job.SESSIONS: HOUR_MS,
        Job.ARCHIVE: HOUR_MS,
        Job.AUDIT: HOUR_MS,
        Job.BACKUP: settings.backup_interval_hours * HOUR_MS,
        Job.RETENTION: HOUR_MS,
        Job.REHEARSAL: settings.rehearsal_interval_hours * HOUR_MS,
        Job.OFFSITE: HOUR_MS if settings.offsite_url else 0,
        Job.CHECKPOINT: CHECKPOINT_EVERY_MS if settings.wal_checkpoint else 0,
        Job.MOUNTS: MINUTE_MS,
        Job.OAUTH: MINUTE_MS,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """How a job stands. `next_at` is None for one that never ran, or that does not run (`every_ms` is 0)."""

    record: JobRecord
    every_ms: int
    next_at: int | None
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Looks each time: a setting that is changed counts from then on."""

    settings: Callable[[], Settings]
    journal: JobJournal
    clock: Clock

    def every_ms(self, job: Job) -> int:
        """Return how often `job` runs, 0 if it does not."""
        return intervals(self.settings())[job]

    def has_run(self, job: Job) -> bool:
        """Tell whether `job` ever ran on this database."""
        return job in self.journal.all()

    def look(self) -> list[JobView]:
        """Return how each job stands, in their order. Overdue: it should have run a day or two intervals ago."""
        records, now = self.journal.all(), self.clock.now()
        return [
            _view(records.get(job) or JobRecord(job=job), every_ms, now)
            for job, every_ms in intervals(self.settings()).items()
        ]


def _view(record: JobRecord, every_ms: int, now: int) -> JobView:
    next_at = record.next_at(every_ms) if every_ms else None
    return JobView(
        record=record,
        every_ms=every_ms,
        next_at=next_at,
        is_overdue=next_at is not None and now > next_at + max(2 * every_ms, DAY_MS),
    )

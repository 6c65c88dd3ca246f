"""Look at the jobs: which fail, which are overdue, and when a restore was last rehearsed."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.usecases.jobs.schedule import JobView, Schedule
from domain.doctor import Check, examined
from domain.instants import format_instant
from domain.jobs import Job
from domain.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineJobs:
    """Reads what was written down."""

    schedule: Schedule
    clock: Clock

    def __call__(self) -> list[Check]:
        """Return the checks."""
        return [*examined("jobs", self._jobs), *examined("rehearsal", self._rehearsal)]

    def _jobs(self) -> Iterator[Check]:
        views = self.schedule.look()
        troubled = [view for view in views if view.every_ms and (view.record.failures or view.is_overdue)]
        for view in troubled:
            yield Check.warn("jobs", f"{view.record.job}: {_trouble(view)}", advice=_advice(view))
        if not troubled:
            last = max((view.record.ended_at or 0 for view in views), default=0)
            yield Check.ok("jobs", f"well, the last ran {format_instant(last)}" if last else "no service has run yet")

    def _rehearsal(self) -> Iterator[Check]:
        view = next(view for view in self.schedule.look() if view.record.job is Job.REHEARSAL)
        at = view.record.succeeded_at
        if not view.every_ms:
            yield Check.warn(
                "rehearsal",
                "restores are not rehearsed: rehearsal_interval_hours is 0",
                advice="`strongroom backup rehearse` proves that the newest backup restores",
            )
        elif at is None:
            yield Check.ok("rehearsal", "no restore was rehearsed by a service yet: `strongroom backup rehearse` does")
        elif self.clock.now() - at > 2 * view.every_ms:
            yield Check.warn(
                "rehearsal",
                f"a backup was last restored on trial {format_instant(at)}",
                advice="`strongroom backup rehearse` says what keeps it from restoring",
            )
        else:
            yield Check.ok("rehearsal", f"a backup was restored on trial {format_instant(at)}")


def _trouble(view: JobView) -> str:
    record = view.record
    if record.failures:
        times = "once" if record.failures == 1 else f"{record.failures} times in a row"
        return f"failed {times}: {record.error}"
    return f"has not run since {format_instant(record.started_at or 0)}"


def _advice(view: JobView) -> str:
    if view.record.failures:
        return "mend what it says; it is tried again by itself"
    return "is `strongroom serve` running? It runs the jobs"

"""The jobs while the service runs: looked at every few seconds, and run when they are due."""

import logging
import threading
import time
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.audit import SERVICE, acting_as
from app.usecases.jobs.run import RunJob
from app.usecases.jobs.schedule import AFTER_START_MS, Schedule
from domain.errors import DomainError
from domain.instants import SECOND_MS
from domain.jobs import Job, JobRecord

_LOOK_EVERY_S = 10
_AT_ONCE = 3
_LONG = frozenset({Job.BACKUP, Job.REHEARSAL, Job.RETENTION, Job.OFFSITE})
"""One of these at a time, in a thread of their own: what takes long keeps neither mounts nor OAuth tokens waiting."""

_log = logging.getLogger("strongroom.jobs")
# It tells of every look, and warns of each while a job takes long.
logging.getLogger("apscheduler").setLevel(logging.ERROR)


class Housekeeper:
    """Looks after every job. When it is due says the journal, not the scheduler: so several instances share it."""

    def __init__(self, run: RunJob, schedule: Schedule) -> None:
        self._run = run
        self._schedule = schedule
        self._begun_at = 0.0
        self._told: dict[Job, str | None] = {}
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._watch_clock, name="clock-watch", daemon=True)
        self._scheduler = BackgroundScheduler(
            daemon=False,  # nor are the threads that it begins: the end of the service waits for those that are none
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(_AT_ONCE), "long": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin, unless it was told to stop already."""
        with self._turn:
            if self._stop.is_set():
                return
            self._begun_at = time.monotonic()
            for job in Job:
                self._scheduler.add_job(
                    self._look_at,
                    "interval",
                    args=[job],
                    id=job,
                    executor="long" if job in _LONG else "default",
                    seconds=_LOOK_EVERY_S,
                    next_run_time=datetime.now(UTC),
                )
            self._scheduler.start()
            self._watch.start()

    def stop(self) -> None:
        """Begin no job any more. One that is under way goes on in a thread of its own, which is waited for."""
        with self._turn:
            self._stop.set()
            if self._scheduler.running:
                self._scheduler.shutdown(wait=False)

    def _look_at(self, job: Job) -> None:
        with acting_as(SERVICE):
            try:
                every_ms = self._schedule.every_ms(job)
                if every_ms and not self._stop.is_set() and not self._is_early(job):
                    self._tell(job, self._run(job, every_ms=every_ms))
            except DomainError as error:
                _log.warning("job %s cannot be looked after: %s", job, error.nameless)
            except Exception as error:  # noqa: BLE001 - what it says might quote a secret
                _log.error("job %s cannot be looked after: internal error: %s", job, type(error).__name__)

    def _is_early(self, job: Job) -> bool:
        since_start_ms = (time.monotonic() - self._begun_at) * SECOND_MS
        return since_start_ms < AFTER_START_MS.get(job, 0) and not self._schedule.has_run(job)

    def _tell(self, job: Job, record: JobRecord | None) -> None:
        """Log a failure once, until it is another one or over; and what the jobs did that come rarely."""
        if record is None:
            return
        if record.error is not None and record.error != self._told.get(job):
            _log.warning("job %s failed: %s", job, record.error)
        elif record.error is None and self._told.get(job) is not None:
            _log.info("job %s is well again: %s", job, record.result)
        else:
            _log.debug("job %s: %s", job, record.error or record.result)
        self._told[job] = record.error

    def _watch_clock(self) -> None:
        """Wake the scheduler when the clock is put back: it would sleep until the clock has caught up."""
        before = time.time()
        while not self._stop.wait(_LOOK_EVERY_S):
            now = time.time()
            if now < before:
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
            before = now

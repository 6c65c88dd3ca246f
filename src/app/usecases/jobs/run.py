"""Run a job when it is due: one instance at a time, and whatever it meets is written down and tried again."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from domain.errors import Busy, DomainError
from domain.instants import HOUR_MS
from domain.jobs import Job, JobRecord
from domain.ports import Clock, JobJournal, Lease, Leases

_LEASE_MS = 2 * HOUR_MS
"""Longer than any job takes. The lease of a process of this machine that was ended is free at once."""

Act = Callable[[], str]
"""Does it, and says what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """Runs one of `acts`."""

    acts: Mapping[Job, Act]
    journal: JobJournal
    leases: Leases
    clock: Clock

    def __call__(self, job: Job, *, every_ms: int) -> JobRecord | None:
        """Run `job` if it is due; returns how it went, None if it is not due or another instance is at it.

        Raises only what keeps it from being written down.
        """
        if not self._record(job).is_due(self.clock.now(), every_ms):
            return None
        lease = self.leases.acquire(f"job:{job}", ttl_ms=_LEASE_MS)
        if lease is None:
            return None
        try:
            return self._run(job, every_ms)
        finally:
            self._release(lease)

    def at_once(self, job: Job) -> JobRecord:
        """Run `job` whether it is due or not; what it fails with is written down, and raised. Raises `Busy`."""
        lease = self.leases.acquire(f"job:{job}", ttl_ms=_LEASE_MS)
        if lease is None:
            raise Busy(f"the job {job} is being run by another process", advice="try again when it has finished")
        try:
            record, failure = self._written_down(self._record(job))
        finally:
            self._release(lease)
        if failure is not None:
            raise failure
        return record

    def _run(self, job: Job, every_ms: int) -> JobRecord | None:
        record = self._record(job)
        if not record.is_due(self.clock.now(), every_ms):
            return None  # another instance did it just before
        return self._written_down(record)[0]

    def _written_down(self, record: JobRecord) -> tuple[JobRecord, Exception | None]:
        """Run a job, and write down how it went; returns that, and what it failed with."""
        failure: Exception | None = None
        record = record.begun(self.clock.now())
        self.journal.put(record)
        try:
            record = record.succeeded(self.clock.now(), self.acts[record.job]())
        except DomainError as error:
            record, failure = record.failed(self.clock.now(), error.nameless), error
        except Exception as error:  # noqa: BLE001 - a job never stops the service; its text might quote a secret
            record, failure = record.failed(self.clock.now(), f"internal error: {type(error).__name__}"), error
        self.journal.put(record)
        return record, failure

    def _record(self, job: Job) -> JobRecord:
        return self.journal.all().get(job) or JobRecord(job=job)

    def _release(self, lease: Lease) -> None:
        """Give the lease back; one that cannot be given back ends by itself."""
        with suppress(DomainError):
            self.leases.release(lease)

"""How the jobs stand, as gauges. Unix times, so that an alert is `time() - … > …`; what never happened is missing."""

from collections.abc import Callable

from app.metrics.gauge import Gauge, Readings
from app.usecases.jobs.schedule import JobView, Schedule
from domain.instants import SECOND_MS


def job_gauges(schedule: Schedule) -> tuple[Gauge, ...]:
    """Return the gauges of every job."""

    def gauge(name: str, text: str, value: Callable[[JobView], float | None]) -> Gauge:
        def read() -> Readings:
            for view in schedule.look():
                found = value(view)
                if found is not None:
                    yield (view.record.job.value,), found

        return Gauge(name, text, ("job",), {name: read})

    return (
        gauge("job_last_run_timestamp_seconds", "When a job began last.", lambda view: _unix(view.record.started_at)),
        gauge(
            "job_last_success_timestamp_seconds",
            "When a job last ended well.",
            lambda view: _unix(view.record.succeeded_at),
        ),
        gauge("job_next_run_timestamp_seconds", "When a job is due again.", lambda view: _unix(view.next_at)),
        gauge("job_failures", "How often a job failed since it last ended well.", lambda view: view.record.failures),
    )


def _unix(instant: int | None) -> float | None:
    return None if instant is None else instant / SECOND_MS

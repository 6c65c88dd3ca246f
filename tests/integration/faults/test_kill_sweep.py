"""SIGKILL at every call that writes: whatever the process had done, nothing is lost and the next start settles it."""

import signal

import pytest

from tests.integration.faults.invariants import leaked
from tests.integration.faults.jobs import JOBS
from tests.integration.faults.spread import ALL, chosen
from tests.integration.faults.sweeping import after_a_fault, swept, template
from tests.integration.faults.tracing import killed, missing_tool

pytestmark = pytest.mark.timeout(0 if ALL else 300)

SAMPLE = 12
"""Points per job, where not all are wanted."""


@pytest.fixture(autouse=True)
def _strace():
    if why := missing_tool():
        pytest.skip(why)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_kill_at_any_writing_call_loses_nothing_and_the_next_start_settles_it(job, place, tell):
    home, points = template(job, place)
    taken = chosen(points, SAMPLE, matters=lambda point: point.is_about_an_old_file)
    tell(f"faults: {job.name}: SIGKILL at {len(taken)} of {len(points)} points")

    for point, after, ended in swept(home, taken, place, lambda home, log, point: killed(job, home, log, point)):
        assert (ended.code, ended.hit) == (-signal.SIGKILL, True), f"{job.name}: the kill missed {point}"
        leaked(ended.stdout + ended.stderr, f"the output, killed at {point}")
        after_a_fault(job, after, point)


def test_a_kill_over_a_log_that_holds_nothing_yet_does_not_make_the_next_start_wait(place):
    job = next(job for job in JOBS if job.name == "first-start")
    home, points = template(job, place)
    point = next(p for p in points if p.name in {"fdatasync", "fsync"} and p.shown.startswith("/state/agents.db-wal"))
    ended = killed(job, home, place / "log", point)

    assert (ended.code, ended.hit) == (-signal.SIGKILL, True)
    after_a_fault(job, home, point)

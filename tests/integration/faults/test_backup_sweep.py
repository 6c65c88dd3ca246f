"""SIGKILL, and errors of the system, at every writing call of a job on backups: all of one state or of the other."""

import signal

import pytest

from tests.integration.faults.backup_jobs import BACKUP_JOBS
from tests.integration.faults.spread import ALL, chosen
from tests.integration.faults.sweeping import after_a_fault, swept, template
from tests.integration.faults.tracing import failed, killed, missing_tool

pytestmark = pytest.mark.timeout(0 if ALL else 300)

SAMPLE = 14
"""Points per job, where not all are wanted."""

each_job = pytest.mark.parametrize("job", BACKUP_JOBS, ids=lambda job: job.name)


@pytest.fixture(autouse=True)
def _strace():
    if why := missing_tool():
        pytest.skip(why)


@pytest.fixture
def points_of(place, tell):
    """Build a job's home, and choose among its points those where names change, and others between."""

    def points(job, fault):
        home, found = template(job, place)
        taken = chosen(found, SAMPLE, matters=lambda point: point.is_about_an_old_file)
        tell(f"faults: backup {job.name}: {fault} at {len(taken)} of {len(found)} points")
        return home, taken

    return points


@each_job
def test_a_kill_at_any_writing_call_leaves_the_one_state_or_the_other(job, points_of, place):
    home, taken = points_of(job, "SIGKILL")

    for point, after, ended in swept(home, taken, place, lambda home, log, point: killed(job, home, log, point)):
        assert ended.code == -signal.SIGKILL, f"{job.name}: the kill missed {point}"
        after_a_fault(job, after, point)


@each_job
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES"])
def test_an_error_at_any_writing_call_leaves_the_one_state_or_the_other(job, error, points_of, place):
    home, taken = points_of(job, error)

    for point, after, ended in swept(home, taken, place, lambda home, log, point: failed(job, home, log, point, error)):
        assert b"Traceback" not in ended.stderr, f"{job.name}, {point}: {ended.stderr.decode()}"
        assert ended.code in {0, 1, 5, 7, 8}, f"{job.name}, {point}: {ended.code}"
        after_a_fault(job, after, point)

"""A service that crashes at each start, at the same call: its backups do not fill the disk."""

import signal

import pytest

from tests.integration.faults.invariants import COVERED_BY, it_converges, nothing_is_lost
from tests.integration.faults.jobs import JOBS
from tests.integration.faults.spread import ALL
from tests.integration.faults.tracing import Point, failed, killed, missing_tool

CRASHES = 20 if ALL else 4
JOB = next(job for job in JOBS if job.name == "014-tokens")


@pytest.fixture(autouse=True)
def _strace():
    if why := missing_tool():
        pytest.skip(why)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(
            Point("rename", 1, "/state/backups/agents.db.bak-.partial /state/backups/agents.db.bak-"), id="copy"
        ),
        pytest.param(
            Point("rename", 2, "/state/backups/agents.db.bak-.json.partial /state/backups/agents.db.bak-.json"),
            id="manifest",
        ),
        pytest.param(Point("renameat", 1, "/config penpot-token /config .penpot-token.strongroom-"), id="removal"),
    ],
)
def test_crashes_at_each_start_leave_no_more_than_one_backup_too_many(point, place):
    home = JOB.build(place / "home")
    codes = {killed(JOB, home, place / "log", point).code for _ in range(CRASHES)}

    assert codes == {-signal.SIGKILL}
    assert len(home.backups()) <= COVERED_BY
    nothing_is_lost(home)
    it_converges(home)


def test_a_disk_that_refuses_the_manifest_at_each_start_is_not_filled_with_copies(place):
    home = JOB.build(place / "home")
    point = Point("rename", 2, "/state/backups/agents.db.bak-.json.partial /state/backups/agents.db.bak-.json")
    codes = [failed(JOB, home, place / "log", point, "ENOSPC").code for _ in range(CRASHES)]

    assert set(codes) == {3}
    assert len(home.backups()) <= COVERED_BY
    assert home.present() == set(home.files)
    it_converges(home)

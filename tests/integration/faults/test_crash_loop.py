"""A service that crashes at each start, at the same call: its backups do not fill the disk."""

import re
import signal

import pytest

from tests.integration.faults.invariants import COVERED_BY, it_converges, nothing_is_lost
from tests.integration.faults.jobs import JOBS
from tests.integration.faults.spread import ALL
from tests.integration.faults.sweeping import template
from tests.integration.faults.tracing import counted, failed, killed, missing_tool

CRASHES = 20 if ALL else 4
JOB = next(job for job in JOBS if job.name == "014-tokens")
CALLS = {
    "the copy gets its name": r"rename \d+ .*/agents\.db\.bak-$",
    "the manifest gets its name": r"rename \d+ .*/agents\.db\.bak-\.json$",
    "the manifest is written": r"write \d+ .*\.json\.partial$",
    "the first file goes": r"renameat \d+ .*strongroom-$",
}


@pytest.fixture(autouse=True)
def _strace():
    if why := missing_tool():
        pytest.skip(why)


@pytest.fixture
def scene(place):
    """A home in which a backup failed once, and the points of the starts after it, which are alike."""
    home, points = template(JOB, place)
    failed(JOB, home, place / "log", _found(points, "the manifest is written"), "ENOSPC")
    points = counted(JOB, home.copied_to(place / "later"), place / "log")
    return home, {call: _found(points, call) for call in CALLS}


def _found(points, call):
    return next(point for point in points if re.match(CALLS[call], str(point)))


@pytest.mark.parametrize("call", CALLS)
def test_crashes_at_each_start_leave_no_more_than_one_backup_too_many(call, scene, place):
    home, points = scene
    ended = [killed(JOB, home, place / "log", points[call]) for _ in range(CRASHES)]

    assert {(run.code, run.hit) for run in ended} == {(-signal.SIGKILL, True)}
    assert len(home.backups()) <= COVERED_BY
    nothing_is_lost(home)
    it_converges(home)


@pytest.mark.parametrize("call", ["the copy gets its name", "the manifest gets its name", "the manifest is written"])
def test_a_disk_that_refuses_a_backup_at_each_start_is_not_filled_with_copies(call, scene, place):
    home, points = scene
    ended = [failed(JOB, home, place / "log", points[call], "ENOSPC") for _ in range(CRASHES)]

    assert {(run.code, run.hit) for run in ended} == {(3, True)}
    assert len(home.backups()) <= COVERED_BY
    assert home.present() == set(home.files)
    it_converges(home)

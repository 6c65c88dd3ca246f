"""The power goes at any moment: only what was synced is there, names may have changed or not, and nothing is lost."""

import shutil
from collections import Counter

import pytest

from tests.integration.faults.homes import Home
from tests.integration.faults.jobs import ELSEWHERE, JOBS
from tests.integration.faults.powercut.model import Disk, Kept, beginning_of, cuts
from tests.integration.faults.powercut.recording import built, missing_tool, recorded
from tests.integration.faults.spread import ALL, chosen
from tests.integration.faults.sweeping import after_a_fault, template
from tests.integration.faults.tracing import missing_tool as missing_strace

pytestmark = pytest.mark.timeout(0 if ALL else 300)

SAMPLE = 16
"""Moments per job, where not all are wanted."""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if why := missing_tool():
        pytest.skip(why)
    return built(tmp_path_factory.mktemp("recorder"))


@pytest.mark.parametrize("job", [*JOBS, *ELSEWHERE], ids=lambda job: job.name)
def test_a_power_cut_at_any_moment_loses_nothing_and_the_next_start_settles_it(job, place, library, tell):
    home = job.build(place / "home")
    beginning = beginning_of(home.root)
    records = recorded(job, home, library, place / "record")
    every = [cut for cut, _ in cuts(beginning, records)]
    taken = set(chosen(every, SAMPLE, matters=lambda cut: cut.latest.startswith(("rename", "unlink", "link"))))
    tell(
        f"faults: {job.name}: power cuts at {len(taken)} of {len(every)} moments that differ, of {len(records)} records"
    )

    for cut, disk in cuts(beginning, records):
        if cut in taken:
            after = Home(place / "after", home.files, home.database)
            disk.lay_out(after.root)
            after_a_fault(job, after, cut)
            shutil.rmtree(after.root)


@pytest.mark.parametrize("kept", Kept, ids=lambda kept: kept.name.lower())
@pytest.mark.parametrize("job", [job for job in JOBS if job.command[0] == "migrate"], ids=lambda job: job.name)
def test_what_was_reported_as_removed_does_not_come_back_with_the_power(job, kept, place, library):
    home = job.build(place / "home")
    disk = Disk(kept, beginning_of(home.root))
    for record in recorded(job, home, library, place / "record"):
        disk.apply(record)
    after = Home(place / "after", home.files, home.database)
    disk.lay_out(after.root)

    assert after.present() == set()


def test_the_model_knows_every_name_that_there_is_in_the_end(place, library):
    job = next(job for job in JOBS if job.name == "first-start")
    home = job.build(place / "home")
    disk = Disk(Kept.NAMES, beginning_of(home.root))
    for record in recorded(job, home, library, place / "record"):
        disk.apply(record)

    names = {str(path.relative_to(home.root)) for path in home.root.rglob("*")}
    assert set(disk.live) == set(disk.durable) == names


def test_the_recorder_misses_no_call_that_strace_sees(place, library):
    if why := missing_strace():
        pytest.skip(why)
    job = next(job for job in JOBS if job.name == "first-start")
    home, points = template(job, place)
    seen = Counter(_kind(point.name) for point in points if _kind(point.name))
    records = recorded(job, home, library, place / "record")

    written_down = Counter(
        "sync" if r.kind == "syncdir" else r.kind for r in records if "strongroom.lock" not in r.path
    )
    assert {kind: written_down[kind] for kind in seen} == dict(seen)


def _kind(call):
    kinds = {"rename": "rename", "unlink": "unlink", "link": "link", "mkdir": "mkdir"}
    return "sync" if call in {"fsync", "fdatasync"} else next((k for n, k in kinds.items() if call.startswith(n)), None)

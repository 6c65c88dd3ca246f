"""An error at every call that writes: it is loud or it does no harm, and nothing is lost."""

import json
from itertools import cycle

import pytest

from tests.integration.faults.homes import short
from tests.integration.faults.invariants import GONE, leaked
from tests.integration.faults.jobs import JOBS
from tests.integration.faults.spread import ALL, chosen
from tests.integration.faults.sweeping import after_a_fault, swept, template
from tests.integration.faults.tracing import ERRORS, failed, missing_tool

pytestmark = pytest.mark.timeout(0 if ALL else 300)

SAMPLE = 10
"""Points per job, the errors in turn, where not all are wanted."""

CODES = {0, 1, 3, 7, 8}
"""Done, failed, attention needed, busy, integrity: anything else is an accident."""

NOT_SYNCED = "could not be made durable"
"""Known and accepted: the file is gone, its directory could not be synced, and the report says so."""


@pytest.fixture(autouse=True)
def _strace():
    if why := missing_tool():
        pytest.skip(why)


@pytest.mark.parametrize("errors", [(error,) for error in ERRORS] if ALL else [ERRORS], ids="-".join)
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_an_error_of_any_writing_call_is_loud_or_harmless_and_loses_nothing(job, errors, place, tell):
    home, points = template(job, place)
    taken = list(zip(chosen(points, SAMPLE, matters=lambda p: p.is_about_an_old_file), cycle(errors), strict=False))
    tell(f"faults: {job.name}: {', '.join(errors)} at {len(taken)} of {len(points) * len(errors)} points")

    for (point, error), after, ended in swept(
        home, taken, place, lambda home, log, fault: failed(job, home, log, *fault)
    ):
        said = f"{error} from {point}"
        assert ended.hit, f"{job.name}: {said} missed"
        leaked(ended.stdout + ended.stderr, f"the output, after {said}")
        assert ended.code in CODES, f"{job.name}: {said}: exit {ended.code}: {ended.stderr.decode()}"
        assert b"Traceback" not in ended.stderr, f"{job.name}: {said}: {ended.stderr.decode()}"
        if job.command[0] == "migrate" and ended.code in {0, 3}:
            _the_report_is_true(after, ended, said)
        after_a_fault(job, after, said)


def _the_report_is_true(home, ended, said):
    """A source that is called moved is gone, any other is there; nothing to complain of means that nothing is left."""
    report = json.loads(ended.stdout)
    sources = [source for migration in report["migrations"] for source in migration["sources"]]
    there = {short(name) for name in home.present()}
    called_gone = {source["file"] for source in sources if source["outcome"] in GONE}
    kept = {s["file"] for s in sources if s["outcome"] not in GONE and NOT_SYNCED not in (s["reason"] or "")}
    assert not called_gone & there, f"{said}: reported as moved and still there: {called_gone & there}"
    assert kept <= there, f"{said}: reported as kept and gone: {kept - there}"
    assert (ended.code == 0) == all(s["outcome"] in GONE for s in sources), f"{said}: exit {ended.code}: {sources}"
    assert ended.code or not there, f"{said}: exit 0, and these are still there: {there}"

"""A job is run when it is due, by one instance, and whatever it meets is written down and tried again."""

import pytest

from adapters.memory import ManualClock, MemoryJobJournal, MemoryLeases
from app.setting_sources import load_settings
from app.usecases.jobs.run import RunJob
from app.usecases.jobs.schedule import AFTER_START_MS, Schedule, intervals
from domain.errors import Busy, DatabaseUnusable, Integrity
from domain.instants import DAY_MS, HOUR_MS, MINUTE_MS
from domain.jobs import Job, JobRecord


class Acts:
    """What the jobs do, counted; `fails` is raised instead."""

    def __init__(self):
        self.ran = 0
        self.fails = None
        self.meanwhile = None

    def __call__(self):
        self.ran += 1
        if self.meanwhile:
            self.meanwhile()
        if self.fails:
            raise self.fails
        return f"run {self.ran}"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def act():
    return Acts()


@pytest.fixture
def journal():
    return MemoryJobJournal()


@pytest.fixture
def run(act, journal, clock):
    return RunJob(acts=dict.fromkeys(Job, act), journal=journal, leases=MemoryLeases(clock), clock=clock)


def test_what_is_due_is_run_and_written_down(run, journal, clock):
    record = run(Job.BACKUP, every_ms=HOUR_MS)

    assert (record.result, record.error, record.started_at) == ("run 1", None, clock.now())
    assert journal.all() == {Job.BACKUP: record}


def test_what_is_not_due_is_not_run(run, act, clock):
    run(Job.BACKUP, every_ms=HOUR_MS)
    clock.advance(HOUR_MS - 1)

    assert run(Job.BACKUP, every_ms=HOUR_MS) is None
    assert act.ran == 1

    clock.advance(1)
    assert run(Job.BACKUP, every_ms=HOUR_MS).result == "run 2"


def test_a_failure_is_written_down_and_tried_again(run, act, clock):
    act.fails = DatabaseUnusable("no room for a backup")
    record = run(Job.BACKUP, every_ms=DAY_MS)
    assert (record.error, record.failures) == ("no room for a backup", 1)

    clock.advance(MINUTE_MS)
    act.fails = None
    record = run(Job.BACKUP, every_ms=DAY_MS)

    assert (record.result, record.error, record.failures) == ("run 2", None, 0)


def test_a_failure_that_nobody_thought_of_stops_nothing_and_quotes_nothing(run, act):
    act.fails = KeyError("tok-SENTINEL")

    assert run(Job.OAUTH, every_ms=MINUTE_MS).error == "internal error: KeyError"


def test_what_is_written_down_names_no_secret(run, act):
    act.fails = Integrity("the secret agent_token:reviewer does not open")

    assert run(Job.REHEARSAL, every_ms=MINUTE_MS).error == "a stored value does not open: damaged"


def test_of_two_instances_one_runs_it(run, act, journal, clock):
    other = []
    act.meanwhile = lambda: other.append(run(Job.BACKUP, every_ms=HOUR_MS)) if not other else None

    run(Job.BACKUP, every_ms=HOUR_MS)

    assert other == [None]
    assert act.ran == 1


def test_what_another_did_while_we_came_to_the_lease_is_not_done_again(act, journal, clock):
    class Slow(MemoryLeases):
        def acquire(self, name, *, ttl_ms):
            now = clock.now()
            journal.put(JobRecord(job=Job.BACKUP).begun(now).succeeded(now, "by another"))
            return super().acquire(name, ttl_ms=ttl_ms)

    run = RunJob(acts={Job.BACKUP: act}, journal=journal, leases=Slow(clock), clock=clock)

    assert run(Job.BACKUP, every_ms=HOUR_MS) is None
    assert act.ran == 0


def test_a_job_of_a_killed_instance_is_run_when_its_lease_has_ended(run, act, journal, clock):
    run.leases.acquire("job:backup", ttl_ms=2 * HOUR_MS)
    assert run(Job.BACKUP, every_ms=HOUR_MS) is None

    clock.advance(2 * HOUR_MS)

    assert run(Job.BACKUP, every_ms=HOUR_MS).result == "run 1"


def test_at_once_it_is_run_though_not_due_and_says_what_it_failed_with(run, act, journal):
    run(Job.REHEARSAL, every_ms=DAY_MS)
    assert run.at_once(Job.REHEARSAL).result == "run 2"

    act.fails = Integrity("the backup is damaged")
    with pytest.raises(Integrity, match="the backup is damaged"):
        run.at_once(Job.REHEARSAL)
    assert journal.all()[Job.REHEARSAL].failures == 1


def test_at_once_is_not_at_the_same_time(run):
    run.leases.acquire("job:rehearsal", ttl_ms=HOUR_MS)

    with pytest.raises(Busy, match="rehearsal is being run by another process"):
        run.at_once(Job.REHEARSAL)


def schedule(journal, clock, **environ):
    settings = load_settings({"HOME": "/nonexistent", **environ})
    return Schedule(settings=lambda: settings, journal=journal, clock=clock)


def view(schedule, job):
    return next(view for view in schedule.look() if view.record.job is job)


def test_every_job_has_an_interval_and_is_looked_at(journal, clock):
    assert [view.record.job for view in schedule(journal, clock).look()] == list(Job)


@pytest.mark.parametrize(
    ("variable", "job"),
    [
        ("STRONGROOM_BACKUP_INTERVAL_HOURS", Job.BACKUP),
        ("STRONGROOM_REHEARSAL_INTERVAL_HOURS", Job.REHEARSAL),
        ("STRONGROOM_WAL_CHECKPOINT", Job.CHECKPOINT),
    ],
)
def test_a_setting_of_0_turns_a_job_off(journal, clock, variable, job):
    assert view(schedule(journal, clock), job).every_ms
    assert not view(schedule(journal, clock, **{variable: "0"}), job).every_ms


def test_without_an_off_site_place_nothing_is_pushed(journal, clock):
    assert not view(schedule(journal, clock), Job.OFFSITE).every_ms
    assert view(schedule(journal, clock, STRONGROOM_OFFSITE_URL="file:///mnt/other"), Job.OFFSITE).every_ms


def test_what_should_have_run_a_day_ago_is_overdue(run, journal, clock):
    run(Job.MOUNTS, every_ms=MINUTE_MS)
    clock.advance(DAY_MS)
    assert not view(schedule(journal, clock), Job.MOUNTS).is_overdue

    clock.advance(HOUR_MS)
    assert view(schedule(journal, clock), Job.MOUNTS).is_overdue


def test_what_forgets_something_waits_an_hour_after_the_first_start():
    forgetting = {Job.SESSIONS, Job.ARCHIVE, Job.AUDIT, Job.RETENTION}

    assert all(AFTER_START_MS[job] >= HOUR_MS for job in forgetting)
    assert set(intervals(load_settings({"HOME": "/nonexistent"}))) == set(Job)

"""When a job is due, however it went and whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from domain.instants import DAY_MS, HOUR_MS, MINUTE_MS
from domain.jobs import Job, JobRecord

NOW = 1_790_000_000_000
NEVER = JobRecord(job=Job.BACKUP)
INSTANTS = st.integers(NOW - 400 * DAY_MS, NOW + 400 * DAY_MS)


def ran(at=NOW, took=1_000):
    return NEVER.begun(at).succeeded(at + took, "done")


def failed(times, at=NOW):
    record = NEVER
    for _ in range(times):
        record = record.begun(at).failed(at, "no room")
    return record


def test_one_that_never_ran_is_due():
    assert NEVER.is_due(NOW, HOUR_MS)
    assert NEVER.next_at(HOUR_MS) is None


def test_it_is_due_an_interval_after_it_began():
    record = ran(took=MINUTE_MS)

    assert not record.is_due(NOW + HOUR_MS - 1, HOUR_MS)
    assert record.is_due(NOW + HOUR_MS, HOUR_MS)


def test_one_that_takes_longer_than_its_interval_is_not_due_before_it_has_ended():
    assert ran(took=3 * HOUR_MS).next_at(HOUR_MS) == NOW + 3 * HOUR_MS


def test_a_failure_is_tried_again_after_pauses_that_double_up_to_an_hour():
    pauses = [failed(times).next_at(DAY_MS) - NOW for times in range(1, 9)]

    assert pauses == [MINUTE_MS * n for n in (1, 2, 4, 8, 16, 32, 60, 60)]


def test_a_failure_never_makes_it_rarer():
    assert failed(9).next_at(MINUTE_MS) == NOW + MINUTE_MS


def test_a_success_forgets_the_failures_and_a_failure_keeps_the_last_success():
    record = ran().begun(NOW + HOUR_MS).failed(NOW + HOUR_MS, "no room")

    assert (record.succeeded_at, record.failures, record.error) == (NOW + 1_000, 1, "no room")
    assert record.succeeded(NOW + DAY_MS, "done").failures == 0
    assert record.succeeded(NOW + DAY_MS, "done").error is None


def test_one_whose_process_was_killed_is_due_soon_and_not_at_once():
    record = ran().begun(NOW + DAY_MS)

    assert record.is_unfinished
    assert record.next_at(DAY_MS) == NOW + DAY_MS + 10 * MINUTE_MS
    assert NEVER.begun(NOW).next_at(DAY_MS) == NOW + 10 * MINUTE_MS
    assert record.next_at(MINUTE_MS) == NOW + DAY_MS + MINUTE_MS


def test_a_run_that_began_in_the_future_and_was_killed_does_not_stop_the_job():
    assert ran(at=NOW - DAY_MS).begun(NOW + 365 * DAY_MS).is_due(NOW, DAY_MS)


def test_a_run_in_the_future_proves_that_the_clock_was_put_back_and_nothing_else():
    assert ran(at=NOW + 365 * DAY_MS).is_due(NOW, DAY_MS)


@given(INSTANTS, st.integers(0, 10 * DAY_MS), INSTANTS, st.integers(MINUTE_MS, 30 * DAY_MS))
def test_at_no_time_is_it_further_away_than_its_interval(at, took, now, every):
    record = ran(at=at, took=took)

    assert record.is_due(now, every) or record.next_at(every) - now <= max(every, took)


@given(st.integers(1, 40), INSTANTS, INSTANTS, st.integers(MINUTE_MS, 30 * DAY_MS))
def test_after_a_failure_it_is_never_further_away_than_an_hour(times, at, now, every):
    record = failed(times, at=at)

    assert record.is_due(now, every) or record.next_at(every) - now <= HOUR_MS


def test_every_job_says_what_it_is_for():
    assert all(job.purpose for job in Job)

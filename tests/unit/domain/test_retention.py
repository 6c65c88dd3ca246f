"""What is kept, whatever the clock did: the newest good one always, and no rule takes another's place."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.backups import Reason, Retention
from domain.instants import DAY_MS, EARLIEST_MS, END_MS, HOUR_MS
from domain.retention import plan_retention
from tests.support.made_backups import a_backup

NOW = int(datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()) * 1_000
DEFAULT = Retention(last=5, daily=7, weekly=4, monthly=6)
RETENTIONS = st.builds(
    Retention, last=st.integers(0, 4), daily=st.integers(0, 4), weekly=st.integers(0, 3), monthly=st.integers(0, 3)
)
INSTANTS = st.integers(EARLIEST_MS, END_MS - 1)
BACKUPS = st.lists(st.tuples(INSTANTS, st.booleans(), st.sampled_from(Reason)), max_size=30).map(
    lambda made: [a_backup(n, at, verified=ok, reason=why) for n, (at, ok, why) in enumerate(made, start=1)]
)


def at(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000


def files(plan):
    return [kept.backup.file for kept in plan.kept]


def kept_of(instants, now=NOW, **keep):
    """Return which of the backups made at `instants` are kept, by their place in the list."""
    made = [a_backup(number, instant) for number, instant in enumerate(instants)]
    plan = plan_retention(made, Retention(**keep), now=now)
    return [kept.backup.sequence for kept in plan.kept]


def test_the_last_ones_stay():
    assert kept_of([NOW - n * HOUR_MS for n in range(9, 0, -1)], last=3) == [6, 7, 8]


def test_of_each_day_the_newest_stays():
    instants = [at(2026, 11, 20, 1), at(2026, 11, 20, 23, 59, 59), at(2026, 11, 21), at(2026, 11, 22, 4)]

    assert kept_of(instants, daily=3) == [1, 2, 3]


def test_days_are_counted_that_have_a_backup_so_that_a_pause_costs_none():
    instants = [at(2026, 1, 3), at(2026, 3, 5), at(2026, 11, 26)]

    assert kept_of(instants, daily=3) == [0, 1, 2]


def test_a_week_begins_on_monday_over_the_turn_of_the_year():
    sunday, monday, thursday = at(2025, 12, 28, 12), at(2025, 12, 29, 12), at(2026, 1, 1, 12)

    assert kept_of([sunday, monday, thursday], weekly=2) == [0, 2]


def test_of_each_month_the_newest_stays():
    instants = [at(2026, 9, 1), at(2026, 9, 30), at(2026, 10, 31, 23), at(2026, 11, 1)]

    assert kept_of(instants, monthly=2) == [2, 3]


def test_a_day_is_one_of_utc():
    before, after = at(2026, 3, 28, 23, 59, 59), at(2026, 3, 29, 0, 0, 1)

    assert kept_of([before, after], daily=2) == [0, 1]


def test_a_backup_that_is_dated_in_the_future_stays_and_takes_nobodys_place():
    ahead = [NOW + n * DAY_MS for n in range(1, 8)]
    behind = [NOW - n * DAY_MS for n in range(8, 0, -1)]

    kept = kept_of([*ahead, *behind], last=2, daily=3)

    assert set(range(7)) <= set(kept)
    assert set(kept) - set(range(7)) == {12, 13, 14}


def test_one_that_is_not_verified_takes_no_verified_ones_place():
    good = [a_backup(n, NOW - (9 - n) * HOUR_MS) for n in range(1, 4)]
    bad = [a_backup(n, NOW - (9 - n) * HOUR_MS, verified=False) for n in range(4, 8)]

    plan = plan_retention([*good, *bad], Retention(last=2), now=NOW)

    assert files(plan) == ["agents.db.bak-2", "agents.db.bak-3", "agents.db.bak-6", "agents.db.bak-7"]


def test_what_was_kept_before_a_restore_is_not_crowded_out_by_the_schedule():
    kept = a_backup(1, NOW - 40 * DAY_MS, reason=Reason.RESTORE)
    later = [a_backup(n, NOW - (40 - n) * HOUR_MS, reason=Reason.SCHEDULE) for n in range(2, 30)]

    plan = plan_retention([kept, *later], Retention(last=2), now=NOW)

    assert "agents.db.bak-1" in files(plan)


def test_each_says_why_it_stays():
    plan = plan_retention([a_backup(1, NOW)], DEFAULT, now=NOW)

    assert plan.kept[0].because == ("newest", "newest verified", "last", "daily", "weekly", "monthly")


def test_what_a_restore_replaced_takes_no_good_ones_place():
    good = a_backup(1, NOW - DAY_MS)
    replaced = [a_backup(n, NOW, reason=Reason.RESTORE) for n in (2, 3)]

    plan = plan_retention([good, *replaced], Retention(last=1), now=NOW)

    assert "agents.db.bak-1" in files(plan)


@pytest.mark.parametrize("retention", [Retention(), Retention(last=0), Retention(daily=1)])
def test_the_newest_verified_one_stays_even_if_nothing_else_is_asked_for(retention):
    made = [a_backup(1, NOW - DAY_MS), a_backup(2, NOW), a_backup(3, NOW, verified=False)]

    assert "agents.db.bak-2" in files(plan_retention(made, retention, now=NOW))


@given(BACKUPS, RETENTIONS, INSTANTS)
def test_nothing_is_kept_and_removed_nothing_is_forgotten_and_the_newest_good_one_stays(backups, retention, now):
    plan = plan_retention(backups, retention, now=now)

    kept = set(files(plan))
    assert kept | {backup.file for backup in plan.removed} == {backup.file for backup in backups}
    assert len(kept) + len(plan.removed) == len(backups)
    assert not [backup for backup in plan.removed if backup.created_at > now]
    assert {backup.file for backup in backups if backup.verified} == set() or max(
        (backup for backup in backups if backup.verified), key=lambda backup: backup.sequence
    ).file in kept


@given(BACKUPS, RETENTIONS, INSTANTS)
def test_a_second_pruning_at_once_finds_nothing_to_do(backups, retention, now):
    first = plan_retention(backups, retention, now=now)

    assert not plan_retention([kept.backup for kept in first.kept], retention, now=now).removed


@given(BACKUPS, RETENTIONS, INSTANTS)
def test_no_more_stay_than_the_rules_ask_for(backups, retention, now):
    plan = plan_retention(backups, retention, now=now)

    good = [kept for kept in plan.kept if kept.backup.verified and kept.backup.created_at <= now]
    asked = retention.last + retention.daily + retention.weekly + retention.monthly + 1 + max(1, retention.last)
    assert len(good) <= asked


class JumpingClock(RuleBasedStateMachine):
    """Backups are made and pruned while the clock jumps to anywhere."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.made = 0
        self.there = []
        self.newest = None

    @rule(now=INSTANTS)
    def jump(self, now):
        self.now = now

    @rule(step=st.integers(-3 * DAY_MS, 40 * DAY_MS))
    def go_on(self, step):
        self.now = min(max(self.now + step, EARLIEST_MS), END_MS - 1)

    @rule(verified=st.booleans(), reason=st.sampled_from(Reason))
    def back_up(self, verified, reason):
        self.made += 1
        backup = a_backup(self.made, self.now, verified=verified, reason=reason)
        self.there.append(backup)
        if verified:
            self.newest = backup

    @rule(retention=RETENTIONS)
    def prune(self, retention):
        removed = plan_retention(self.there, retention, now=self.now).removed
        self.there = [backup for backup in self.there if backup not in removed]

    @invariant()
    def the_newest_verified_one_is_there(self):
        assert self.newest is None or self.newest in self.there


TestJumpingClock = JumpingClock.TestCase

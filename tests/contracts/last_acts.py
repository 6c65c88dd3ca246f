"""What everything does that tells who did something last."""

import pytest

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.audit import Action
from domain.instants import DAY_MS
from domain.ports import LastAct

READ, WRITE = Action.SECRET_READ, Action.SECRET_WRITE


class LastActsContract:
    """Subclasses override `log` (of `clock`), an audit log that nothing is in, and `last_acts`, which looks into it."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def log(self, clock):
        raise NotImplementedError

    @pytest.fixture
    def last_acts(self, log):
        raise NotImplementedError

    def test_what_nobody_did_is_left_out(self, last_acts):
        assert last_acts.of(READ) == {}
        assert last_acts.of(READ, subject="a") == {}

    def test_the_newest_event_on_each_subject_is_told(self, last_acts, log, clock):
        for actor, subject in [("cli:ada", "a"), ("token:7 ci", "b"), ("peer:0", "a"), ("cli:ada", "")]:
            log.record(actor, READ, subject)
            clock.advance(DAY_MS)

        found = last_acts.of(READ)

        assert found == {
            "a": LastAct(NOON + 2 * DAY_MS, "peer:0"),
            "b": LastAct(NOON + DAY_MS, "token:7 ci"),
            "": LastAct(NOON + 3 * DAY_MS, "cli:ada"),
        }

    def test_another_act_does_not_count(self, last_acts, log, clock):
        log.record("cli:ada", READ, "a")
        clock.advance(DAY_MS)
        log.record("boot", WRITE, "a")
        log.record("boot", WRITE, "b")

        assert last_acts.of(READ) == {"a": LastAct(NOON, "cli:ada")}
        assert last_acts.of(WRITE).keys() == {"a", "b"}

    def test_of_one_subject_only_that_one_is_told(self, last_acts, log):
        for subject in ("a", "b"):
            log.record("cli:ada", READ, subject)

        assert last_acts.of(READ, subject="b") == {"b": LastAct(NOON, "cli:ada")}

    def test_the_newest_is_the_last_in_the_log_when_the_clock_is_put_back(self, last_acts, log, clock):
        log.record("cli:ada", READ, "a")
        clock.advance(-DAY_MS)
        log.record("peer:0", READ, "a")

        assert last_acts.of(READ)["a"] == LastAct(NOON - DAY_MS, "peer:0")

"""What every audit log does."""

from dataclasses import replace
from functools import partial

import pytest

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.audit import BEGINNING, Action
from domain.instants import DAY_MS
from tests.support.races import PROCESSES, THREADS, in_processes, in_threads

ROUNDS = 20


class AuditLogContract:
    """Subclasses override `log`: an empty one that reads `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def log(self, clock):
        raise NotImplementedError

    def test_an_empty_log_verifies_and_has_nothing(self, log):
        assert log.list() == []
        assert log.verify() == []
        assert log.head() == BEGINNING
        assert (log.count_before(NOON), log.prune(NOON)) == (0, 0)

    def test_every_field_is_kept_as_it_was_said(self, log, clock):
        clock.set(NOON + 7)

        event = log.record("cli:root", Action.DENIED, "GET /sessions", outcome="not_allowed", detail="why")

        assert log.list() == [event]
        said = (event.sequence, event.at, event.actor, event.action, event.subject, event.outcome, event.detail)
        assert said == (1, NOON + 7, "cli:root", Action.DENIED, "GET /sessions", "not_allowed", "why")

    def test_an_event_without_more_to_say_went_well(self, log):
        log.record("boot", Action.MIGRATION_RUN, "old files")

        assert [(event.outcome, event.detail) for event in log.list()] == [("ok", None)]

    @pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "\x00", "\udc80", "\u202e", "ü🔑", "'; --", ""])
    def test_every_text_is_kept_on_one_visible_line_and_verifies(self, log, text):
        event = log.record(text, Action.DENIED, text, outcome=text, detail=text)

        assert log.list() == [event]
        assert log.verify() == []
        kept = {event.actor, event.subject, event.outcome, event.detail}
        assert all(part.isprintable() for part in kept)
        assert kept == {text} or not text.isprintable()

    def test_sequence_numbers_count_from_one_and_the_chain_never_repeats(self, log):
        events = [log.record("boot", Action.SECRET_READ, "a") for _ in range(5)]

        assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
        assert len({event.chain for event in events}) == 5
        assert str(log.head()) == f"5:{events[-1].chain}"

    def test_the_newest_events_come_first_page_by_page(self, log):
        for number in range(7):
            log.record("boot", Action.SECRET_READ, str(number))

        first = log.list(limit=3)
        second = log.list(limit=3, before=first[-1].sequence)
        third = log.list(limit=3, before=second[-1].sequence)

        assert [event.subject for event in (*first, *second, *third)] == ["6", "5", "4", "3", "2", "1", "0"]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({"action": Action.SECRET_READ}, [3, 1]),
            ({"actor": "cli:b"}, [4, 3]),
            ({"subject": "x"}, [4, 1]),
            ({"since": NOON + 3}, [4, 3]),
            ({"before": 3}, [2, 1]),
            ({"action": Action.SECRET_READ, "actor": "cli:b"}, [3]),
            ({"action": Action.SECRET_READ, "actor": "cli:b", "subject": "x"}, []),
            ({"subject": "x", "since": NOON + 1, "before": 4}, [1]),
            ({"subject": "x", "limit": 1}, [4]),
            ({"actor": "cli:"}, []),
        ],
    )
    def test_a_list_holds_what_matches_every_filter(self, log, clock, wanted, found):
        for actor, action, subject in [
            ("cli:a", Action.SECRET_READ, "x"),
            ("cli:a", Action.SECRET_WRITE, "y"),
            ("cli:b", Action.SECRET_READ, "z"),
            ("cli:b", Action.SECRET_WRITE, "x"),
        ]:
            clock.advance(1)
            log.record(actor, action, subject)

        assert [event.sequence for event in log.list(**wanted)] == found

    def test_a_log_of_many_events_verifies(self, log):
        with log.atomic():
            for number in range(1_000):
                log.record("boot", Action.SECRET_READ, str(number))

        assert log.verify() == []

    def test_an_event_of_an_act_that_failed_is_not_there(self, log):
        log.record("boot", Action.SECRET_READ, "before")

        with pytest.raises(ZeroDivisionError):
            in_vain(log, lambda: log.record("boot", Action.SECRET_WRITE, "a"))

        log.record("boot", Action.SECRET_READ, "after")
        assert [event.subject for event in log.list()] == ["after", "before"]
        assert log.verify() == []

    def test_an_act_within_an_act_fails_alone(self, log):
        with log.atomic():
            log.record("boot", Action.SECRET_READ, "outer")
            with pytest.raises(ZeroDivisionError):
                in_vain(log, lambda: log.record("boot", Action.SECRET_READ, "inner"))

        assert [event.subject for event in log.list()] == ["outer"]
        assert log.verify() == []

    def test_pruning_forgets_what_is_older_and_the_rest_verifies(self, log, clock):
        for _ in range(6):
            log.record("boot", Action.SECRET_READ, "a")
            clock.advance(DAY_MS)
        before = NOON + 3 * DAY_MS

        counted, pruned = log.count_before(before), log.prune(before)

        assert (counted, pruned) == (3, 3)
        assert [event.sequence for event in log.list()] == [6, 5, 4]
        assert log.verify() == []
        assert log.record("boot", Action.AUDIT_PRUNE, "audit").sequence == 7
        assert log.verify() == []

    def test_pruning_twice_forgets_nothing_more(self, log, clock):
        log.record("boot", Action.SECRET_READ, "a")
        clock.advance(DAY_MS)
        log.record("boot", Action.SECRET_READ, "b")

        assert [log.prune(NOON + 1), log.prune(NOON + 1), log.prune(NOON)] == [1, 0, 0]

    def test_a_log_that_was_pruned_to_nothing_goes_on_counting(self, log):
        log.record("boot", Action.SECRET_READ, "a")
        head = log.head()

        assert log.prune(NOON + 1) == 1

        assert log.head() == head
        assert log.verify() == []
        assert log.record("boot", Action.SECRET_READ, "b").sequence == 2
        assert log.verify() == []

    def test_a_clock_that_was_set_back_lets_no_hole_into_the_chain(self, log, clock):
        for instant in (NOON, NOON + 9, NOON + 1, NOON + 2):
            clock.set(instant)
            log.record("boot", Action.SECRET_READ, "a")

        pruned = log.prune(NOON + 5)

        assert pruned == 1
        assert [event.sequence for event in log.list()] == [4, 3, 2]
        assert log.verify() == []

    def test_what_is_pruned_in_an_act_that_fails_is_still_there(self, log):
        log.record("boot", Action.SECRET_READ, "a")

        with pytest.raises(ZeroDivisionError):
            in_vain(log, lambda: log.prune(NOON + 1))

        assert len(log.list()) == 1
        assert log.verify() == []

    def test_an_earlier_head_is_found_as_long_as_it_is_in_the_chain(self, log):
        heads = [log.head()]
        for _ in range(3):
            log.record("boot", Action.SECRET_READ, "a")
            heads.append(log.head())

        assert [log.verify(known=head) for head in heads] == [[], [], [], []]

    def test_a_head_that_is_not_part_of_the_log_is_named(self, log):
        log.record("boot", Action.SECRET_READ, "a")
        head = log.head()

        (cut,) = log.verify(known=replace(head, sequence=2))
        (other,) = log.verify(known=replace(head, chain="f" * 64))

        assert "event 2" in cut
        assert "event 1" in other

    def test_a_head_that_was_pruned_since_is_not_missed(self, log, clock):
        log.record("boot", Action.SECRET_READ, "a")
        first = log.head()
        log.record("boot", Action.SECRET_READ, "a")
        second = log.head()
        clock.advance(1)
        log.prune(NOON + 1)

        assert log.verify(known=first) == log.verify(known=second) == []
        assert log.verify(known=replace(second, chain="f" * 64)) != []

    def test_threads_that_record_at_once_leave_no_gap(self, log):
        in_threads(lambda thread: [log.record(f"cli:{thread}", Action.SECRET_READ, str(n)) for n in range(ROUNDS)])

        assert [event.sequence for event in log.list(limit=1_000)] == list(range(THREADS * ROUNDS, 0, -1))
        assert log.verify() == []

    def test_a_log_can_be_verified_while_others_record_and_prune(self, log):
        def work(thread):
            if thread % 2:
                return [fault for _ in range(ROUNDS) for fault in log.verify()]
            for _ in range(ROUNDS):
                log.record("boot", Action.SECRET_READ, "a")
                if thread == 0:
                    log.prune(NOON + 1)
            return []

        assert in_threads(work) == [[]] * THREADS


class AuditLogAcrossProcesses:
    """For logs that several processes share: `recipe` is a picklable function opening the same log each time."""

    @pytest.fixture
    def recipe(self):
        raise NotImplementedError

    def test_processes_that_record_at_once_leave_no_gap(self, recipe):
        with recipe():
            pass

        in_processes(partial(_record_many, recipe))

        with recipe() as log:
            assert [event.sequence for event in log.list(limit=1_000)] == list(range(PROCESSES * ROUNDS, 0, -1))
            assert log.verify() == []


def in_vain(log, act):
    """Do `act` as part of something that fails."""
    with log.atomic():
        act()
        raise ZeroDivisionError


def _record_many(recipe, process):
    with recipe() as log:
        for number in range(ROUNDS):
            log.record(f"cli:{process}", Action.SECRET_READ, str(number))

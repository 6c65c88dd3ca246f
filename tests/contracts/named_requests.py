"""What every memory of requests that must not be done twice does."""

from functools import partial

import pytest

from adapters.memory import ManualClock
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.requests import KEPT_FOR_MS, NamedRequest, Reply
from tests.support.races import in_processes, in_threads

REPLY = Reply(status=201, body='{"id":"ü🔑"}', etag='"7"')


class NamedRequestsContract:
    """Subclasses override `open_requests`: a function of a clock, giving an empty memory."""

    @pytest.fixture
    def open_requests(self):
        raise NotImplementedError

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def requests(self, open_requests, clock):
        return open_requests(clock)

    def test_the_first_time_a_request_begins(self, requests):
        assert requests.begin("a", "print") is None

    def test_the_second_time_it_is_known_and_has_no_reply_yet(self, requests, clock):
        requests.begin("a", "print")
        clock.advance(5)

        assert requests.begin("a", "another") == NamedRequest(fingerprint="print", begun_at=NOON)

    @pytest.mark.parametrize("reply", [REPLY, Reply(status=200, body="{}")])
    def test_once_finished_it_is_known_with_its_reply(self, requests, reply):
        requests.begin("a", "print")
        requests.finish("a", reply)

        assert requests.begin("a", "print").reply == reply

    def test_one_that_was_abandoned_begins_again(self, requests):
        requests.begin("a", "print")
        requests.abandon("a")

        assert requests.begin("a", "print") is None

    def test_one_that_has_a_reply_cannot_be_abandoned(self, requests):
        requests.begin("a", "print")
        requests.finish("a", REPLY)
        requests.abandon("a")

        assert requests.begin("a", "print").reply == REPLY

    def test_each_key_is_one_of_its_own(self, requests):
        requests.begin("a", "print")
        requests.finish("a", REPLY)

        assert requests.begin("b", "print") is None
        requests.abandon("b")
        assert requests.begin("a", "print").reply == REPLY

    def test_what_was_never_begun_can_be_neither_finished_nor_abandoned(self, requests):
        requests.finish("a", REPLY)
        requests.abandon("a")

        assert requests.begin("a", "print") is None

    @pytest.mark.parametrize(("later", "known"), [(KEPT_FOR_MS, True), (KEPT_FOR_MS + 1, False)])
    def test_it_is_remembered_for_a_day(self, requests, clock, later, known):
        requests.begin("a", "print")
        requests.finish("a", REPLY)
        clock.advance(later)

        assert (requests.begin("a", "print") is not None) is known

    def test_of_many_who_begin_at_a_time_one_does(self, requests):
        found = in_threads(lambda _number: requests.begin("a", "print"))

        assert found.count(None) == 1


class NamedRequestsAcrossProcesses:
    """For memories that processes share: `recipe` is a picklable function opening the same one, on a clock at noon."""

    @pytest.fixture
    def recipe(self):
        raise NotImplementedError

    def test_of_processes_that_begin_one_key_at_a_time_one_does(self, recipe):
        with recipe():
            pass

        found = in_processes(partial(_begin, recipe))

        assert found.count(None) == 1
        (winner,) = (number for number, known in enumerate(found) if known is None)
        others = [known for known in found if known is not None]
        assert set(others) == {NamedRequest(fingerprint=f"of {winner}", begun_at=NOON)}

    def test_what_a_process_began_is_known_to_the_next_one_with_its_reply(self, recipe):
        with recipe() as requests:
            requests.begin("a", "print")
        with recipe() as requests:
            assert requests.begin("a", "print") == NamedRequest(fingerprint="print", begun_at=NOON)
            requests.finish("a", REPLY)

        with recipe() as requests:
            assert requests.begin("a", "print").reply == REPLY


def _begin(recipe, number):
    with recipe() as requests:
        return requests.begin("a", f"of {number}")

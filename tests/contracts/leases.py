"""What all leases do."""

import signal
from functools import partial

import pytest

from adapters.memory import ManualClock
from domain.instants import MINUTE_MS
from domain.ports import Lease
from tests.support.connections import Holder
from tests.support.races import in_processes, in_threads

NAME = "oauth:gitlab"


class LeasesContract:
    """Subclasses override `leases`, none of them given yet, on `clock`."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def leases(self, clock):
        raise NotImplementedError

    def test_the_first_to_ask_gets_the_lease_and_nobody_else_while_it_lasts(self, leases, clock):
        lease = leases.acquire(NAME, ttl_ms=MINUTE_MS)
        clock.advance(MINUTE_MS - 1)

        assert lease == Lease(NAME, 1)
        assert leases.acquire(NAME, ttl_ms=MINUTE_MS) is None

    def test_a_lease_ends_when_its_time_is_over_and_the_next_has_a_greater_fence(self, leases, clock):
        leases.acquire(NAME, ttl_ms=MINUTE_MS)
        clock.advance(MINUTE_MS)

        assert leases.acquire(NAME, ttl_ms=MINUTE_MS) == Lease(NAME, 2)

    def test_each_lease_lasts_as_long_as_was_asked_for(self, leases, clock):
        leases.acquire(NAME, ttl_ms=1)
        clock.advance(1)
        leases.acquire(NAME, ttl_ms=3 * MINUTE_MS)
        clock.advance(2 * MINUTE_MS)

        assert leases.acquire(NAME, ttl_ms=MINUTE_MS) is None

    def test_a_lease_that_was_given_back_is_free_at_once_and_its_fence_goes_on(self, leases):
        for fence in (1, 2, 3):
            lease = leases.acquire(NAME, ttl_ms=MINUTE_MS)

            assert lease == Lease(NAME, fence)
            leases.release(lease)

    def test_who_gives_back_too_late_takes_nothing_from_the_next(self, leases, clock):
        late = leases.acquire(NAME, ttl_ms=MINUTE_MS)
        clock.advance(MINUTE_MS)
        leases.acquire(NAME, ttl_ms=MINUTE_MS)

        leases.release(late)

        assert leases.acquire(NAME, ttl_ms=MINUTE_MS) is None

    def test_giving_back_twice_or_what_was_never_given_does_nothing(self, leases):
        lease = leases.acquire(NAME, ttl_ms=MINUTE_MS)
        leases.release(lease)
        leases.release(lease)
        leases.release(Lease("oauth:forgejo", 7))

        assert leases.acquire(NAME, ttl_ms=MINUTE_MS) == Lease(NAME, 2)
        assert leases.acquire("oauth:forgejo", ttl_ms=MINUTE_MS) == Lease("oauth:forgejo", 1)

    def test_other_names_are_other_leases(self, leases):
        names = ["oauth:gitlab", "oauth:github", "OAUTH:gitlab", "", "ü🔑' --"]

        assert [leases.acquire(name, ttl_ms=MINUTE_MS) for name in names] == [Lease(name, 1) for name in names]

    def test_of_threads_that_ask_at_once_one_gets_it(self, leases):
        got = in_threads(lambda _thread: leases.acquire(NAME, ttl_ms=MINUTE_MS))

        assert [lease for lease in got if lease] == [Lease(NAME, 1)]

    def test_of_threads_that_find_it_ended_one_gets_it(self, leases, clock):
        leases.acquire(NAME, ttl_ms=MINUTE_MS)
        clock.advance(MINUTE_MS)

        got = in_threads(lambda _thread: leases.acquire(NAME, ttl_ms=MINUTE_MS))

        assert [lease for lease in got if lease] == [Lease(NAME, 2)]


class LeasesAcrossProcesses:
    """For leases that processes share: `recipe` is a picklable function opening the same leases, on clocks at noon."""

    @pytest.fixture
    def recipe(self):
        raise NotImplementedError

    @pytest.fixture
    def holder(self, recipe):
        """A process that holds the lease."""
        with Holder(recipe, NAME, MINUTE_MS) as holder:
            yield holder

    def test_of_processes_that_ask_at_once_one_gets_it(self, recipe):
        with recipe():
            pass

        got = in_processes(partial(_acquire, recipe))

        assert [lease for lease in got if lease] == [Lease(NAME, 1)]

    def test_a_lease_is_kept_while_its_holder_lives(self, recipe, holder):
        with recipe() as leases:
            assert holder.fence == 1
            assert leases.acquire(NAME, ttl_ms=MINUTE_MS) is None

    def test_the_lease_of_a_killed_holder_is_free_at_once(self, recipe, holder):
        holder.end(signal.SIGKILL)

        with recipe() as leases:
            assert leases.acquire(NAME, ttl_ms=MINUTE_MS) == Lease(NAME, 2)

    def test_so_it_is_before_anybody_has_taken_notice_of_its_end(self, recipe, holder):
        holder.end(signal.SIGKILL, reap=False)

        with recipe() as leases:
            assert leases.acquire(NAME, ttl_ms=MINUTE_MS) == Lease(NAME, 2)

    def test_a_holder_that_only_stands_still_keeps_it_until_the_time_is_over(self, recipe, holder):
        holder.stop()
        clock = ManualClock()

        with recipe(clock) as leases:
            assert leases.acquire(NAME, ttl_ms=MINUTE_MS) is None
            clock.advance(MINUTE_MS)
            assert leases.acquire(NAME, ttl_ms=MINUTE_MS) == Lease(NAME, 2)


def _acquire(recipe, _process):
    with recipe() as leases:
        return leases.acquire(NAME, ttl_ms=MINUTE_MS)

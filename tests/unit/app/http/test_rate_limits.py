"""How often a caller may ask, by a clock that stands still until it is told to go on."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import MemoryStorage

from app.http.rate_limits import RateLimits, site_of
from domain.errors import RateLimited
from domain.instants import MINUTE_MS, SECOND_MS

A_MINUTE = 60


class StandingTime:
    """The time that the limits go by."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


@pytest.fixture
def time(mocker):
    time = StandingTime(1_795_521_617.25)  # not at the edge of a minute
    mocker.patch("time.time", time)
    mocker.patch("app.http.rate_limits.time", time)
    return time


@pytest.fixture
def storages(mocker):
    """Where the limits made from now on keep their counts."""
    made = []

    def make():
        made.append(MemoryStorage())
        return made[-1]

    mocker.patch("app.http.rate_limits.MemoryStorage", make)
    return made


def is_refused(count, who):
    try:
        count(who)
    except RateLimited:
        return True
    return False


def refusals(count, who, times):
    return [is_refused(count, who) for _ in range(times)]


def test_a_caller_is_refused_from_one_request_too_many_on(time):
    limits = RateLimits(requests=5, failures=2)

    assert refusals(limits.count_request, "a", 8) == [False] * 5 + [True] * 3


def test_one_caller_takes_nothing_from_another(time):
    limits = RateLimits(requests=2, failures=2)
    refusals(limits.count_request, "a", 9)

    assert refusals(limits.count_request, "b", 3) == [False, False, True]


def test_requests_and_failures_are_counted_apart(time):
    limits = RateLimits(requests=2, failures=2)
    refusals(limits.count_request, "192.0.2.1", 9)

    assert refusals(limits.count_failure, "192.0.2.1", 3) == [False, False, True]


def test_each_service_counts_for_itself(time):
    for _ in range(2):
        assert refusals(RateLimits(requests=1, failures=1).count_request, "a", 2) == [False, True]


@pytest.mark.parametrize("minutes", [1, 2, 1_000])
def test_after_a_minute_a_caller_may_ask_again(time, minutes):
    limits = RateLimits(requests=4, failures=1)
    refusals(limits.count_request, "a", 9)

    time.advance(minutes * A_MINUTE)

    assert not is_refused(limits.count_request, "a")


def test_what_was_refused_is_not_counted_so_asking_on_locks_nobody_out(time):
    limits = RateLimits(requests=4, failures=1)
    let_in = 0
    for _ in range(10 * A_MINUTE):
        let_in += not is_refused(limits.count_request, "a")
        time.advance(1)

    assert 30 <= let_in <= 44


def test_over_the_edge_of_a_minute_nobody_gets_twice_as_much(time):
    limits = RateLimits(requests=60, failures=1)
    refusals(limits.count_request, "a", 60)
    time.now = (time.now // A_MINUTE + 1) * A_MINUTE + 1

    assert refusals(limits.count_request, "a", 60).count(False) <= 2


@pytest.mark.parametrize("second", [0.5, 1, 17.25, 42, 59, 59.9])
@pytest.mark.parametrize("limit", [1, 3, 300, 1_000])
def test_who_waits_as_long_as_told_is_let_in_and_it_is_a_minute_at_most(time, limit, second):
    time.now = time.now // A_MINUTE * A_MINUTE + second
    limits = RateLimits(requests=limit, failures=1)
    refusals(limits.count_request, "a", limit)

    with pytest.raises(RateLimited) as refused:
        limits.count_request("a")

    assert SECOND_MS <= refused.value.retry_after_ms <= MINUTE_MS
    time.advance(refused.value.retry_after_ms / SECOND_MS + 0.25)
    assert not is_refused(limits.count_request, "a")


def test_a_refusal_says_how_many_are_answered_and_not_who_asked(time):
    limits = RateLimits(requests=1, failures=1)
    for count in (limits.count_request, limits.count_failure):
        refusals(count, "192.0.2.77", 1)

        with pytest.raises(RateLimited) as refused:
            count("192.0.2.77")

        assert refused.value.code == "rate_limited"
        assert refused.value.advice.startswith("1 a minute ")
        assert "192.0.2.77" not in refused.value.message + refused.value.advice


@pytest.mark.parametrize("which", ["requests", "failures"])
def test_0_turns_one_limit_off_and_not_the_other(time, which):
    limits = RateLimits(**{"requests": 3, "failures": 3, which: 0})
    open_one, other = limits.count_request, limits.count_failure
    if which == "failures":
        open_one, other = other, open_one

    assert not any(refusals(open_one, "192.0.2.1", 1_000))
    assert refusals(other, "192.0.2.1", 4)[-1]


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        (None, "local"),
        ("", "local"),
        ("/run/strongroom.sock", "local"),
        ("192.0.2.1 ", "local"),
    ],
)
def test_an_address_belongs_to_a_site(address, site):
    assert site_of(address) == site


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_ipv4_addresses_are_told_apart_however_they_are_written(one, another):
    sites = {site_of(str(IPv4Address(number))) for number in (one, another)}
    mapped = {site_of(str(IPv6Address((0xFFFF << 32) + number))) for number in (one, another)}

    assert sites == mapped
    assert len(sites) == len({one, another})


@given(st.integers(2, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_site_of_ipv6_is_the_first_half_of_the_address(site, one, another):
    assert site_of(str(IPv6Address((site << 64) + one))) == site_of(str(IPv6Address((site << 64) + another)))
    assert site_of(str(IPv6Address((site << 64) + one))) != site_of(str(IPv6Address((site - 1 << 64) + another)))


def test_a_whole_site_of_ipv6_has_one_limit_and_the_next_its_own(time):
    limits = RateLimits(requests=1, failures=3)

    assert [is_refused(limits.count_failure, f"2001:db8::{number:x}") for number in range(1, 6)] == [False] * 3 + [
        True
    ] * 2
    assert not is_refused(limits.count_failure, "2001:db8:0:1::1")


def test_peers_of_a_socket_are_one_site(time):
    limits = RateLimits(requests=1, failures=2)

    assert [is_refused(limits.count_failure, address) for address in (None, "", None)] == [False, False, True]


@pytest.mark.parametrize("failures_only", [True, False])
def test_who_has_not_come_for_two_minutes_is_forgotten(time, storages, failures_only):
    limits = RateLimits(requests=3, failures=3)
    (storage,) = storages
    count = limits.count_failure if failures_only else limits.count_request
    for number in range(5_000):
        count(f"10.0.{number >> 8}.{number & 255}")
    at_most = len(storage.storage)

    storage.timer.join()
    time.advance(2 * A_MINUTE + 1)
    count("192.0.2.1")
    storage.timer.join()

    assert at_most == 5_000
    assert (len(storage.storage), len(storage.expirations), len(storage.events)) == (1, 1, 0)
    assert len(storage.locks) <= 1


def test_who_is_turned_away_a_thousand_times_takes_no_more_room(time, storages):
    limits = RateLimits(requests=3, failures=3)
    refusals(limits.count_failure, "192.0.2.1", 1_000)

    assert len(storages[0].storage) == 1

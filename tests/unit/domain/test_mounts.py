"""Token mounts: whose the files are, and when a mount is over."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import Invalid
from domain.mounts import (
    LINGER_MS,
    REVIVAL_MS,
    WAIT_MS,
    Delivery,
    IdMap,
    Mount,
    Mounted,
    Owner,
    Reader,
    State,
    advance,
    parse_id_map,
    parse_owner,
    state_of,
    token_files,
)

NOW = 1_795_521_600_000
OPENED = Mount(agent="reviewer", owner=Owner(0, 0), opened_at=NOW, awaited_since=NOW)
DELIVERY = Delivery(file="tokens/reviewer", secret="agent_token:reviewer", version=1, since=NOW)


def reader(*, started_at=NOW, mounted=Mounted.DIRECTORY):
    return Reader(agent="reviewer", pid=7, process="p7", started_at=started_at, mounted=mounted)


def later(mount, *, after, readers=(), living=(), linger_ms=LINGER_MS):
    return advance(mount, readers, living=living, now=NOW + after, linger_ms=linger_ms)


def test_a_mount_holds_what_the_old_directory_held():
    assert token_files("reviewer") == {
        "tokens/reviewer": "agent_token:reviewer",
        "penpot-token": "penpot_api_token",
    }


def test_a_mount_waits_a_minute_for_its_first_process():
    assert later(OPENED, after=WAIT_MS - 1).is_open
    left = later(OPENED, after=WAIT_MS)
    assert later(left, after=WAIT_MS + LINGER_MS).ended_at == NOW + WAIT_MS + LINGER_MS


def test_a_mount_is_open_while_a_process_has_it_however_long():
    assert later(OPENED, after=10**9, readers=[reader()]).is_open


def test_once_its_first_process_has_come_a_mount_waits_no_more():
    used = later(OPENED, after=10, readers=[reader(started_at=NOW + 5)])
    left = later(used, after=20)
    assert (used.awaited_since, left.left_at) == (None, NOW + 20)
    assert later(left, after=20 + LINGER_MS - 1).is_open
    assert not later(left, after=20 + LINGER_MS).is_open


def test_a_container_from_before_is_not_the_one_that_is_waited_for():
    again = replace(OPENED, awaited_since=NOW + 5_000)
    seen = later(again, after=5_010, readers=[reader()])
    assert seen.awaited_since == NOW + 5_000
    assert later(seen, after=6_000).is_open


def test_a_process_that_comes_back_within_the_linger_finds_all_in_place():
    left = later(replace(OPENED, awaited_since=None), after=10)
    back = later(left, after=900, readers=[reader(started_at=NOW + 850)])
    assert (back.left_at, back.ended_at) == (None, None)


def test_a_mount_that_ended_is_open_again_once_it_is_read_again_and_forgotten_after_a_while():
    ended = replace(OPENED, awaited_since=None, left_at=NOW, ended_at=NOW)
    assert later(ended, after=REVIVAL_MS - 1, readers=[reader()]).is_open
    assert later(ended, after=REVIVAL_MS - 1) == ended
    assert later(ended, after=REVIVAL_MS) is None


def test_a_mount_is_open_while_a_holder_lives():
    held = replace(OPENED, awaited_since=None, holders=("a", "b"))
    one = later(held, after=1, living={"b"})
    assert (one.is_open, one.holders) == (True, ("b",))
    assert not later(one, after=2, linger_ms=0).is_open


def test_without_a_linger_a_mount_that_nobody_has_ends_at_once():
    assert not later(replace(OPENED, awaited_since=None), after=1, linger_ms=0).is_open


def test_what_is_mounted_and_gone_keeps_nothing_open():
    left = later(replace(OPENED, awaited_since=None), after=1, readers=[reader(mounted=Mounted.DELETED)])
    assert left.left_at == NOW + 1


def test_a_clock_that_is_set_right_by_a_second_ends_nothing():
    assert later(OPENED, after=-1_000) == OPENED


@pytest.mark.parametrize("name", ["awaited_since", "left_at"])
def test_an_instant_that_is_still_to_come_keeps_nothing_open(name):
    mount = replace(OPENED, **{"awaited_since": None, name: NOW + 3_600_000})
    once = later(mount, after=0)
    assert not later(once, after=LINGER_MS).is_open


@pytest.mark.parametrize(
    ("mount", "readers", "living", "state"),
    [
        (None, [reader()], set(), State.CLOSED),
        (OPENED, [], set(), State.WAITING),
        (OPENED, [reader()], set(), State.IN_USE),
        (replace(OPENED, awaited_since=None), [], {"a"}, State.IN_USE),
        (replace(OPENED, awaited_since=None), [], set(), State.LEAVING),
        (replace(OPENED, ended_at=NOW), [], set(), State.ENDED),
        (replace(OPENED, ended_at=NOW), [reader(mounted=Mounted.DELETED)], set(), State.ENDED),
    ],
)
def test_a_mount_stands_in_one_of_five_ways(mount, readers, living, state):
    assert state_of(mount, readers, living=living) is state


def test_a_container_is_stale_once_a_version_came_after_it_began():
    mount = replace(OPENED, deliveries=(DELIVERY,))
    assert not mount.is_stale(reader(started_at=NOW + 5))
    assert not mount.is_stale(reader(started_at=NOW - 50))
    assert mount.is_stale(reader(started_at=NOW - 500))


class Lives(RuleBasedStateMachine):
    """A mount through containers that come and go, as the reconcile loop sees it."""

    @initialize()
    def begin(self):
        self.now, self.mount, self.readers = NOW, OPENED, []

    @rule(ms=st.integers(0, 2 * WAIT_MS))
    def time_goes_by(self, ms):
        self.now += ms
        self.look()

    @rule()
    def a_container_begins(self):
        self.readers.append(reader(started_at=self.now))
        self.look()

    @precondition(lambda self: self.readers)
    @rule()
    def a_container_ends(self):
        self.readers.pop()
        self.look()

    def look(self):
        if self.mount is not None:
            self.mount = advance(self.mount, self.readers, living=set(), now=self.now)

    @invariant()
    def who_reads_has_tokens(self):
        if self.readers and self.mount is not None:
            assert self.mount.is_open

    @invariant()
    def left_alone_it_ends(self):
        mount, now = self.mount, self.now
        for ms in (WAIT_MS, LINGER_MS):
            now += ms
            mount = mount and advance(mount, [], living=set(), now=now)
        assert mount is None or not mount.is_open


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize(
    ("raw", "owner"), [("0", Owner(0, 0)), ("1000", Owner(1000, 1000)), ("1000:5", Owner(1000, 5))]
)
def test_an_owner_is_a_user_and_a_group(raw, owner):
    assert parse_owner(raw) == owner


@pytest.mark.parametrize("raw", ["", "-1", "root", "1:2:3", "1:", ":1", "4294967295", "0:4294967295", " 1", "٣", "1\n"])
def test_what_is_no_owner_is_refused_and_not_repeated(raw):
    with pytest.raises(Invalid) as refusal:
        parse_owner(raw)
    assert not raw.strip() or raw not in refusal.value.message


@pytest.mark.parametrize(
    "raw", ["0:100000:65536", "0 100000 65536", "         0     100000      65536\n", " 0 100000 65536\n"]
)
def test_a_map_is_read_as_people_and_as_the_kernel_write_it(raw):
    assert parse_id_map(raw) == IdMap(((0, 100_000, 65_536),))


@pytest.mark.parametrize("raw", ["", "0:1", "a:b:c", "0:0:4294967297", "1:4294967295:5", "0:0:1,"])
def test_what_is_no_map_is_refused(raw):
    with pytest.raises(Invalid):
        parse_id_map(raw)


def test_an_id_that_the_namespace_does_not_have_is_refused():
    ids = parse_id_map("0:1000:1,1:100000:65536")
    assert [ids.outside(0), ids.outside(1), ids.outside(65_536)] == [1000, 100_000, 165_535]
    with pytest.raises(Invalid):
        ids.outside(65_537)


@given(st.integers(0, 2**32 - 2), st.integers(0, 2**32 - 2))
def test_an_owner_is_read_as_it_is_written(uid, gid):
    assert parse_owner(f"{uid}:{gid}") == Owner(uid, gid)

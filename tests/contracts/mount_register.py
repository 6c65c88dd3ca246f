"""What every register of mounts does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mounts import Delivery, Mount, Owner
from domain.values import AGENT_PATTERN

_INSTANTS = st.integers(0, 2**53)
_IDS = st.integers(0, 2**32 - 2)
_TEXTS = st.text(max_size=40)
_DELIVERIES = st.builds(Delivery, file=_TEXTS, secret=_TEXTS, version=st.integers(1, 2**31), since=_INSTANTS)
MOUNTS = st.builds(
    Mount,
    agent=st.from_regex(AGENT_PATTERN, fullmatch=True),
    owner=st.builds(Owner, uid=_IDS, gid=_IDS),
    opened_at=_INSTANTS,
    awaited_since=st.none() | _INSTANTS,
    left_at=st.none() | _INSTANTS,
    ended_at=st.none() | _INSTANTS,
    holders=st.lists(_TEXTS, max_size=3).map(tuple),
    deliveries=st.lists(_DELIVERIES, max_size=3).map(tuple),
    fault=st.none() | _TEXTS,
)
OPEN = Mount(agent="reviewer", owner=Owner(1000, 1000), opened_at=7)


class MountRegisterContract:
    """Subclasses override `register`: an empty one."""

    @pytest.fixture
    def register(self):
        raise NotImplementedError

    def test_at_first_nothing_is_open(self, register):
        assert register.all() == []
        assert register.find("reviewer") is None
        assert register.forget("reviewer") is False

    def test_whatever_a_mount_is_it_is_found_as_it_was_entered(self, register):
        @given(mount=MOUNTS)
        def is_found(mount):
            register.keep(mount)
            assert register.find(mount.agent) == mount
            assert register.all() == [mount]
            assert register.forget(mount.agent) is True
            assert register.all() == []

        is_found()

    def test_all_are_told_by_agent(self, register):
        entered = [replace(OPEN, agent=agent) for agent in ("b", "a.json", "a", "a-b", "B")]
        for mount in entered:
            register.keep(mount)

        assert register.all() == sorted(entered, key=lambda mount: mount.agent)

    def test_a_later_entry_takes_the_place_of_the_earlier(self, register):
        register.keep(OPEN)
        register.keep(replace(OPEN, agent="coder"))
        later = replace(OPEN, owner=Owner(0, 0), ended_at=9, fault="No space left on device")
        register.keep(later)

        assert register.find("reviewer") == later
        assert register.find("coder") == replace(OPEN, agent="coder")

    def test_what_is_struck_out_is_not_there_and_the_others_are(self, register):
        register.keep(OPEN)
        register.keep(replace(OPEN, agent="coder"))

        assert register.forget("reviewer") is True
        assert register.forget("reviewer") is False
        assert [mount.agent for mount in register.all()] == ["coder"]

    @pytest.mark.parametrize("agent", ["", ".", "..", "../records/reviewer", "reviewer\0", "reviewer/", "x" * 300])
    def test_what_is_no_agent_has_no_entry(self, register, agent):
        register.keep(OPEN)

        assert register.find(agent) is None
        assert register.forget(agent) is False
        assert register.find("reviewer") == OPEN

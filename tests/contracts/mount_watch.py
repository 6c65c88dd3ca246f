"""What everything does that tells who has a token mount."""

import time

import pytest

from domain.errors import NotFound
from domain.mounts import Mounted

LONG_MS = 60_000
AT_ONCE_S = 10.0
NOBODY = 2**22 + 1
"""A number that no process has: it is above the largest (proc_sys_kernel(5), pid_max)."""


class MountWatchContract:
    """Subclasses override `watch`, and `begin`, which begins a container that has something of an agent mounted.

    It takes the agent and what is mounted, each a `Mounted`; what it returns has `end()`.
    """

    @pytest.fixture
    def watch(self):
        raise NotImplementedError

    @pytest.fixture
    def begin(self):
        raise NotImplementedError

    def test_at_first_nobody_has_a_mount(self, watch):
        assert watch.readers() == []

    @pytest.mark.parametrize("mounted", Mounted)
    def test_who_has_one_is_told_with_what_he_has(self, watch, begin, mounted):
        begin("reviewer", mounted)

        (reader,) = watch.readers()
        assert (reader.agent, reader.mounted) == ("reviewer", mounted)
        assert watch.living([reader.process]) == {reader.process}

    def test_all_are_told_by_agent_and_by_number(self, watch, begin):
        for agent in ("reviewer", "coder", "reviewer", "a.b"):
            begin(agent, Mounted.DIRECTORY)

        told = [(reader.agent, reader.pid) for reader in watch.readers()]
        assert told == sorted(told)
        assert [agent for agent, _ in told] == ["a.b", "coder", "reviewer", "reviewer"]
        assert len({reader.process for reader in watch.readers()}) == 4

    def test_who_has_several_is_told_for_each(self, watch, begin):
        begin("reviewer", Mounted.DIRECTORY, Mounted.FILE)

        one, other = watch.readers()
        assert {one.mounted, other.mounted} == {Mounted.DIRECTORY, Mounted.FILE}
        assert (one.pid, one.process) == (other.pid, other.process)

    def test_who_has_ended_is_told_no_more_and_is_not_living(self, watch, begin):
        ended, _ = begin("reviewer", Mounted.DIRECTORY), begin("coder", Mounted.DIRECTORY)
        coder, reviewer = watch.readers()
        ended.end()

        assert watch.readers() == [coder]
        assert watch.living([coder.process, reviewer.process]) == {coder.process}

    def test_we_are_living_and_always_go_by_the_same_name(self, watch):
        assert watch.living({watch.myself(), watch.myself()}) == {watch.myself()}
        assert watch.living([]) == set()

    def test_nobody_waits_for_who_has_ended_already(self, watch, begin):
        ended = begin("reviewer", Mounted.DIRECTORY)
        (reader,) = watch.readers()
        ended.end()

        begun = time.monotonic()
        watch.wait({watch.myself(), reader.process}, timeout_ms=LONG_MS)
        assert time.monotonic() - begun < AT_ONCE_S

    def test_a_process_that_is_not_there_has_no_map(self, watch):
        with pytest.raises(NotFound):
            watch.id_maps(NOBODY)

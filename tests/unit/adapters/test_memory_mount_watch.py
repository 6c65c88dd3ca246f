"""The watch over mounts in memory does what every one does."""

from itertools import count
from types import SimpleNamespace

import pytest

from adapters.memory import MemoryMountWatch
from adapters.memory.clock import NOON_2026_11_24 as NOON
from domain.mounts import IdMap, Reader
from tests.contracts.mount_watch import MountWatchContract


class TestMemoryMountWatch(MountWatchContract):
    @pytest.fixture
    def watch(self):
        return MemoryMountWatch()

    @pytest.fixture
    def begin(self, watch):
        pids = count(7)

        def begin(agent, *mounted):
            pid = next(pids)
            for each in mounted:
                watch.present.append(Reader(agent=agent, pid=pid, process=f"p{pid}", started_at=NOON, mounted=each))
            return SimpleNamespace(end=lambda: watch.ended.add(f"p{pid}"))

        return begin


def test_the_maps_are_those_that_a_test_says():
    watch = MemoryMountWatch()
    maps = watch.maps[7] = IdMap(((0, 100_000, 65_536),)), IdMap(((0, 200_000, 65_536),))

    assert watch.id_maps(7) == maps

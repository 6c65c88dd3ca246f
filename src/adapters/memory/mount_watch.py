"""Processes that are there because a test says so."""

from collections.abc import Collection

from typing_extensions import override

from domain.errors import NotFound
from domain.mounts import IdMap, Reader
from domain.ports import MountWatch

MYSELF = "myself"


class MemoryMountWatch(MountWatch):
    """`present` are the readers, `ended` the processes that are none any more, `maps` those of namespaces by pid."""

    def __init__(self) -> None:
        self.present: list[Reader] = []
        self.ended: set[str] = set()
        self.maps: dict[int, tuple[IdMap, IdMap]] = {}

    @override
    def readers(self) -> list[Reader]:
        there = [reader for reader in self.present if reader.process not in self.ended]
        return sorted(there, key=lambda reader: (reader.agent, reader.pid))

    @override
    def myself(self) -> str:
        return MYSELF

    @override
    def living(self, processes: Collection[str]) -> set[str]:
        return set(processes) - self.ended

    @override
    def wait(self, processes: Collection[str], *, timeout_ms: int) -> None:
        """Return at once: in memory nothing happens by itself."""

    @override
    def id_maps(self, pid: int) -> tuple[IdMap, IdMap]:
        if pid not in self.maps:
            raise NotFound("there is no process of that number")
        return self.maps[pid]

"""Which mounts are open, in a dict."""

from threading import Lock

from typing_extensions import override

from domain.mounts import Mount
from domain.ports import MountRegister


class MemoryMountRegister(MountRegister):
    """Entries by agent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._mounts: dict[str, Mount] = {}

    @override
    def all(self) -> list[Mount]:
        with self._lock:
            return [self._mounts[agent] for agent in sorted(self._mounts)]

    @override
    def find(self, agent: str) -> Mount | None:
        with self._lock:
            return self._mounts.get(agent)

    @override
    def keep(self, mount: Mount) -> None:
        with self._lock:
            self._mounts[mount.agent] = mount

    @override
    def forget(self, agent: str) -> bool:
        with self._lock:
            return self._mounts.pop(agent, None) is not None

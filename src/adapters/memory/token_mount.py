"""Token mounts in a dict: what is memory on a real machine, in the memory of a test."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock

from typing_extensions import override

from domain.errors import DeliveryFailed, Invalid, MountRefused
from domain.mounts import Owner
from domain.ports import Memory, TokenMount
from domain.values import parse_agent_name

_ROOT = "/memory"
_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    owner: Owner


class MemoryTokenMount(TokenMount):
    """Files by agent and path. `is_refused` makes it a place in which no token may be."""

    def __init__(self) -> None:
        self.is_refused = False
        self._lock = Lock()
        self._is_ready = False
        self._files: dict[tuple[str, str], _File] = {}

    @override
    def prepare(self) -> Memory:
        if self.is_refused:
            raise MountRefused("this is no memory", advice="it is a test")
        self._is_ready = True
        return Memory(root=_ROOT, filesystem="tmpfs", may_swap=False, is_own=True)

    @override
    def look(self) -> Memory | None:
        if self.is_refused:
            return Memory(root=_ROOT, filesystem="ext4", may_swap=True, is_own=False)
        return self.prepare() if self._is_ready else None

    @override
    def directory(self, agent: str) -> str:
        return f"{_ROOT}/agents/{parse_agent_name(agent)}"

    @override
    def write(self, agent: str, file: str, content: bytes, owner: Owner) -> bool:
        place, written = _place(agent, file), _File(content, owner)
        if not self._is_ready:
            raise DeliveryFailed(f"{agent}: {file} cannot be delivered: there is no memory for it", advice="prepare it")
        with self._lock:
            changed = self._files.get(place) != written
            self._files[place] = written
        return changed

    @override
    def wipe(self, agent: str, file: str) -> bool:
        with self._lock:
            return self._files.pop(_place(agent, file), None) is not None

    @override
    def sweep(self, keep: Mapping[str, Collection[str]]) -> list[str]:
        with self._lock:
            strays = [(agent, file) for agent, file in self._files if file not in keep.get(agent, ())]
            for place in strays:
                del self._files[place]
        return sorted(f"{agent}/{file}" for agent, file in strays)

    @override
    def release(self) -> bool:
        with self._lock:
            is_free = self._is_ready and not self._files
            self._is_ready = self._is_ready and not is_free
        return is_free

    def content(self, agent: str, file: str) -> bytes | None:
        """Return what a container of `agent` reads at `file`; None if nothing is there."""
        found = self._files.get((agent, file))
        return None if found is None else found.content


def _place(agent: str, file: str) -> tuple[str, str]:
    names = [parse_agent_name(agent), *file.split("/")]
    if any(name in {"", ".", ".."} or not name.isprintable() or len(name.encode()) > _NAME_BYTES for name in names):
        raise Invalid("not a path below the directory of an agent")
    return agent, file

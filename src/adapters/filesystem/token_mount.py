"""Token mounts in a memory file system: `agents/<agent>/`, which a container is given."""

import errno
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from typing_extensions import override

from adapters.filesystem import token_directory as tokens
from adapters.filesystem.faults import reason
from adapters.filesystem.memory_root import AGENTS, MemoryRoot
from domain.errors import DeliveryFailed, Invalid
from domain.legacy.files import TOKENS_DIRECTORY
from domain.mounts import Owner
from domain.ports import Memory, TokenMount
from domain.values import is_agent_name, parse_agent_name

_NAME_BYTES = 255
_ROOM = "make room in the memory file system, or close mounts; what was there is there still"
_RIGHTS = (
    "run the service as root, or with CAP_CHOWN and the others that docs/containers.md names; or let the root of the "
    "container map to the user that the service runs as"
)
_REST = "look at the memory file system; what was there is there still"
_PREPARE = "`strongroom mounts open` makes it ready"


class DirectoryTokenMount(TokenMount):
    """Below `root`, for the service of that identity. Everything is opened from the root down, no link followed."""

    def __init__(self, root: Path, *, service: str) -> None:
        self._root = MemoryRoot(root, service)

    @override
    def prepare(self) -> Memory:
        return self._root.prepare()

    @override
    def look(self) -> Memory | None:
        return self._root.look()

    @override
    def directory(self, agent: str) -> str:
        return str(self._root.path / AGENTS / parse_agent_name(agent))

    @override
    def write(self, agent: str, file: str, content: bytes, owner: Owner) -> bool:
        *above, name = _parts(agent, file)
        failing = f"{agent}: {file} cannot be delivered"
        with self._agents(failing) as agents, ExitStack() as stack:
            if agents is None:
                raise DeliveryFailed(f"{failing}: there is no memory for it", advice=_PREPARE)
            return tokens.write(_down(stack, agents, above, make=tokens.PASSABLE), name, content, owner)

    @override
    def wipe(self, agent: str, file: str) -> bool:
        *above, name = _parts(agent, file)
        with self._agents(f"{agent}: {file} cannot be wiped") as agents, ExitStack() as stack:
            if agents is None:
                return False
            try:
                place = _down(stack, agents, above)
            except (FileNotFoundError, NotADirectoryError):
                return False
            return tokens.wipe(place, name)

    @override
    def sweep(self, keep: Mapping[str, Collection[str]]) -> list[str]:
        done = tokens.Swept()
        kept = {f"{agent}/{file}" for agent, files in keep.items() for file in files}
        with self._agents("the token mounts cannot be swept") as agents:
            if agents is not None:
                tokens.sweep(agents, kept, _stays, done)
        if done.failures:
            more = f", and {len(done.failures) - 1} more" if len(done.failures) > 1 else ""
            raise DeliveryFailed(done.failures[0] + more, advice=_REST)
        return sorted(done.paths)

    @override
    def release(self) -> bool:
        return self._root.release()

    @contextmanager
    def _agents(self, failing: str) -> Iterator[int | None]:
        """Give a descriptor of `agents/`, or None if there is none of ours; a fault is told behind `failing`."""
        try:
            with self._root.opened() as root:
                if root is None:
                    yield None
                    return
                with tokens.directory(root, AGENTS) as agents:
                    yield agents
        except OSError as error:
            raise DeliveryFailed(f"{failing}: {reason(error)}", advice=_advice(error)) from error


def _stays(path: str) -> bool:
    """Tell whether a directory is one that a container may have, empty or not."""
    agent, _, below = path.partition("/")
    return is_agent_name(agent) and below in {"", TOKENS_DIRECTORY}


def _down(stack: ExitStack, place: int, names: Collection[str], *, make: int | None = None) -> int:
    """Open a directory below `place`, and each on the way to it, until `stack` is closed. Raises `OSError`."""
    for name in names:
        place = stack.enter_context(tokens.directory(place, name, make=make))
    return place


def _parts(agent: str, file: str) -> list[str]:
    """Return the names on the way to a file; raises `Invalid` for a path that leads elsewhere."""
    names = [parse_agent_name(agent), *file.split("/")]
    if any(name in {"", ".", ".."} or not name.isprintable() or len(name.encode()) > _NAME_BYTES for name in names):
        raise Invalid("not a path below the directory of an agent")
    return names


def _advice(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _ROOM
    return _RIGHTS if error.errno in {errno.EPERM, errno.EACCES} else _REST

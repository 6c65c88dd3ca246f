"""The processes of this machine by what they share: who sees the same file systems, and which of them is the oldest."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from adapters.system.process_identity import Started, started

_PROC = Path("/proc")
_FIRST = 1
"""The process that began all others: as a rule it is in the host's namespaces."""

_CONTAINER_ID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SHORT = 12


def other_views() -> Iterator[list[int]]:
    """Give the processes of each mount namespace, in the order of their numbers: of each but ours and the first's.

    Those two are the host's, and its system services' that made them: everything that was ever opened is
    mounted there, and their oldest process ends with the machine. So a bind on the host is no reader:
    nothing would tell that it is not used any more, and its tokens would stay for ever. Who may not look at
    the first process does not know the host's namespace by it; ours is left out still.
    """
    views: dict[str, list[int]] = {}
    for pid in sorted(int(name) for name in os.listdir(_PROC) if name.isdecimal()):  # noqa: PTH208 - it is quicker
        view = _view_of(pid)
        if view is not None:
            views.setdefault(view, []).append(pid)
    hosts = {_view_of(_FIRST), _view_of("self")}
    return (pids for view, pids in views.items() if view not in hosts)


def by_age(pids: Iterable[int]) -> list[Started]:
    """Return those of the processes that live, the oldest first."""
    found = (started(pid) for pid in pids)
    return sorted((each for each in found if each is not None), key=lambda each: (each.ticks, each.pid))


def container_of(pid: int) -> str | None:
    """Return the id that a runtime gave the container of a process, as runtimes shorten it; None if none did.

    They name its control group by it. What is in our own group's name is no id of another container: it
    is that of the one that we are in. A container in a container has its own behind the outer one's.
    """
    ours = _container_ids("self")
    others = [each for each in _container_ids(pid) if each not in ours]
    return others[-1][:_SHORT].decode() if others else None


def shares_our_users(pid: int) -> bool:
    """Tell whether ids mean for the process what they mean for us; False where that cannot be seen."""
    with suppress(OSError):
        return os.readlink(_PROC / str(pid) / "ns/user") == os.readlink(_PROC / "self/ns/user")  # noqa: PTH115
    return False


def _view_of(process: int | str) -> str | None:
    """Name the mount namespace of a process; None if it has ended, or is not for us to look at (ptrace(2))."""
    try:
        return os.readlink(f"{_PROC}/{process}/ns/mnt")  # noqa: PTH115 - asked of every process there is
    except OSError:
        return None


def _container_ids(process: int | str) -> list[bytes]:
    try:
        groups = (_PROC / str(process) / "cgroup").read_bytes()
    except OSError:
        return []
    return _CONTAINER_ID.findall(groups)

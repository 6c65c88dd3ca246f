"""Who has a token mount: found in /proc, and waited for by descriptors of processes."""

import errno
import os
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from typing_extensions import override

from adapters.system.mount_table import MountPoint, Place, mounts_of, place_of
from adapters.system.process_end import wait_for_end
from adapters.system.process_identity import Started, cannot_be_told, identity, identity_of, is_gone, started
from adapters.system.processes import by_age, container_of, other_views, shares_our_users
from domain.errors import DeliveryFailed, NotFound
from domain.legacy.files import TOKENS_DIRECTORY
from domain.mounts import IdMap, Mounted, Reader, parse_id_map
from domain.ports import MountWatch
from domain.values import is_agent_name

AGENTS = "agents"
"""The directory below the root of the memory in which each agent has his."""

_PROC = Path("/proc")


class ProcMountWatch(MountWatch):
    """Processes that share a mount namespace are one container, told by the oldest of them.

    Nothing is remembered from one call to the next: a namespace's number may be another's by then, and
    what is mounted in it changes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @override
    def readers(self) -> list[Reader]:
        try:
            place = place_of(self._root)
            found = [] if place is None else [reader for pids in other_views() for reader in _readers(pids, place)]
        except OSError as error:
            raise DeliveryFailed(
                f"who has the token mounts cannot be seen: {error.strerror}", advice="nothing was changed; try again"
            ) from error
        return sorted(found, key=lambda reader: (reader.agent, reader.pid))

    @override
    def myself(self) -> str:
        return identity()

    @override
    def living(self, processes: Collection[str]) -> set[str]:
        return {process for process in processes if not is_gone(process)}

    @override
    def wait(self, processes: Collection[str], *, timeout_ms: int) -> None:
        wait_for_end(processes, timeout_ms=timeout_ms)

    @override
    def id_maps(self, pid: int) -> tuple[IdMap, IdMap]:
        users, groups = _id_map(pid, "uid_map"), _id_map(pid, "gid_map")
        if shares_our_users(pid):
            # The kernel tells them as our parent namespace numbers them, and we are to number them as we do.
            return _same(users), _same(groups)
        return users, groups


def _readers(pids: Collection[int], place: Place) -> Iterator[Reader]:
    mounted = [what for mount in _mounts(pids, place) if (what := _what(mount, place)) is not None]
    if not mounted:
        return
    for oldest in by_age(pids):
        name = identity_of(oldest.pid)
        if name is not None:  # it may have ended since
            container = container_of(oldest.pid)
            yield from (_reader(oldest, name, container, agent, how) for agent, how in mounted)
            return
    if any(map(cannot_be_told, pids)):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))  # one of them has it, and cannot be told


def _mounts(pids: Collection[int], place: Place) -> list[MountPoint]:
    """Ask one process, and the next if that has ended: they all see the same.

    The first by number is as a rule the first that was there. One that went into a directory by chroot(2)
    is told of what is mounted below that alone; those are begun by others.
    """
    for pid in pids:
        try:
            return mounts_of(pid, place.device)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has ended, or is not for us to look at
        except OSError as error:
            if error.errno != errno.EINVAL:  # a zombie has no table; all else is our own trouble
                raise
    return []


def _what(mount: MountPoint, place: Place) -> tuple[str, Mounted] | None:
    """Say of which agent a mount is and what of his, None if of none; `…/agents` itself is nobody's."""
    root, agents = PurePosixPath(os.fsdecode(mount.root)), PurePosixPath(os.fsdecode(place.path), AGENTS)
    inside = root.relative_to(agents).parts if root.is_relative_to(agents) else ()
    if not inside or not is_agent_name(inside[0]):
        return None
    if mount.is_deleted:
        return inside[0], Mounted.DELETED
    is_directory = inside[1:] in {(), (TOKENS_DIRECTORY,)}
    return inside[0], Mounted.DIRECTORY if is_directory else Mounted.FILE


def _reader(oldest: Started, name: str, container: str | None, agent: str, mounted: Mounted) -> Reader:
    return Reader(
        agent=agent,
        pid=oldest.pid,
        process=name,
        started_at=oldest.at(),
        mounted=mounted,
        container=container,
    )


def _id_map(pid: int, file: str) -> IdMap:
    try:
        told = (_PROC / str(pid) / file).read_text()
    except OSError:
        told = None
    if told is None or started(pid) is None:  # one that nobody has missed yet still has its map
        raise NotFound(f"there is no process {pid}, or it is not for this user to look at")
    return parse_id_map(told) if told.strip() else IdMap(())  # nobody has written one yet: it has no ids


def _same(numbered: IdMap) -> IdMap:
    return IdMap(tuple((inside, inside, count) for inside, _, count in numbered.ranges))

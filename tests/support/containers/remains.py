"""What container engines leave behind when they are killed, and its removal.

All that an engine starts here bears a mark, the name of its directory: daemons, monitors and shims in their
arguments, and what runs in containers in the name of its control group, which the kernel keeps.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.containers.processes import argv_of, cgroups_of, eventually, is_alive, kill, pids

_CGROUPS = Path("/sys/fs/cgroup")
_SHIM_SOCKET = "unix://"


@contextmanager
def an_engine_directory() -> Iterator[Path]:
    """Give a directory whose name is a mark. Afterwards nothing that bears it is left."""
    # Not below the test's own directory: paths of sockets are short, and users of containers must get in.
    directory = Path(tempfile.mkdtemp(prefix="engine-")).resolve()
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        remove(directory)


def remove(directory: Path) -> None:
    """Remove the processes, mounts, control groups, sockets and files of an engine."""
    eventually(lambda: not _kill_all(directory.name), f"every process of {directory} is gone")
    for socket in shim_sockets(directory):
        socket.unlink(missing_ok=True)
    for point in sorted(mounts_of(directory), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=True)
    for group in cgroups_marked(directory.name):
        _remove_cgroup(group)
    shutil.rmtree(directory)


def processes_marked(mark: str) -> list[int]:
    """Return the living processes that bear a mark."""
    return [pid for pid in pids() if is_alive(pid) and (mark in cgroups_of(pid) or mark in argv_of(pid))]


def mounts_of(directory: Path) -> list[str]:
    """Return the mount points at and below a directory, one for each mount."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if point == str(directory) or point.startswith(f"{directory}/")]


def cgroups_marked(mark: str) -> list[Path]:
    """Return the control groups of a mark: one for each hierarchy."""
    return [*_CGROUPS.glob(mark), *_CGROUPS.glob(f"*/{mark}")]


def shim_sockets(directory: Path) -> list[Path]:
    """Return the sockets of shims, which containerd keeps at a fixed place, whatever its own directory is."""
    noted = [each.read_text() for each in directory.glob("exec/containerd/daemon/*/*/*/address")]
    return [Path(each.removeprefix(_SHIM_SOCKET)) for each in noted if each.startswith(_SHIM_SOCKET)]


def remove_if_empty(*directories: str) -> None:
    """Remove directories in their order, each of them if nothing is in it."""
    for each in directories:
        with contextlib.suppress(OSError):
            Path(each).rmdir()


def _kill_all(mark: str) -> list[int]:
    """Kill what bears the mark; returns whom, for each of them may have begun others meanwhile."""
    marked = processes_marked(mark)
    for pid in marked:
        kill(pid)
    return marked


def _remove_cgroup(group: Path) -> None:
    for each, _, _ in os.walk(group, topdown=False):
        eventually(lambda each=Path(each): _is_removed(each), f"{each} is empty")


def _is_removed(group: Path) -> bool:
    """Remove a group. It is busy for a moment after the last process in it is gone (rmdir(2), EBUSY)."""
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True

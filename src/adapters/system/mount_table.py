"""The mounts of a process, as the kernel lists them (proc_pid_mountinfo(5))."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_DELETED = b"//deleted"
"""What the kernel puts behind a path that has been removed; no path has an empty part."""

_ESCAPED = re.compile(rb"\\([0-7]{3})")
_FIELDS = 6
_MOUNT_ID = re.compile(rb"^mnt_id:\s*(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPoint:
    """A line of the table: `root` of the file system `device` (`major:minor`) is seen at `point`.

    `is_deleted`: what was at `root` has been removed, and is there for who mounted it alone.
    """

    number: int
    device: bytes
    root: bytes
    point: bytes
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a directory is, whatever it is called in a namespace: a path in the file system `device`."""

    device: bytes
    path: bytes


def parse_line(line: bytes) -> MountPoint | None:
    """Read a line of `/proc/<pid>/mountinfo`; None if it is none."""
    fields = line.split(b" ", _FIELDS)
    if len(fields) < _FIELDS or not fields[0].isdigit():
        return None
    root = fields[3]
    return MountPoint(
        number=int(fields[0]),
        device=fields[2],
        root=_unescaped(root.removesuffix(_DELETED)),
        point=_unescaped(fields[4]),
        is_deleted=root.endswith(_DELETED),
    )


def mounts_of(pid: int, device: bytes) -> list[MountPoint]:
    """Return what the process `pid` sees of the file system `device`. Raises `OSError`.

    The whole table is searched for the number first: of most processes no line has to be read.
    """
    table, named = (_PROC / str(pid) / "mountinfo").read_bytes(), b" %b " % device
    if named not in table:
        return []
    found = (parse_line(line) for line in table.split(b"\n") if named in line)
    return [mount for mount in found if mount is not None and mount.device == device]


def place_of(directory: Path) -> Place | None:
    """Say where `directory` is; None if it is not there, or below no mount that this process can see. Raises `OSError`.

    By the number of the mount that it is opened through, and not by the device that stat(2) tells: one
    directory may be below several mounts, and one path below another that is mounted over it.
    """
    try:
        opened = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        path = os.readlink(os.fsencode(_PROC / f"self/fd/{opened}"))  # noqa: PTH115 - in bytes
        number = _MOUNT_ID.search((_PROC / f"self/fdinfo/{opened}").read_bytes())
        table = (_PROC / "self/mountinfo").read_bytes()
    finally:
        os.close(opened)
    return next((_below(mount, path) for mount in _numbered(table, number)), None)


def _numbered(table: bytes, number: re.Match[bytes] | None) -> Iterator[MountPoint]:
    lines = (parse_line(line) for line in table.split(b"\n") if number and line.startswith(number[1] + b" "))
    return (mount for mount in lines if mount is not None)


def _below(mount: MountPoint, path: bytes) -> Place:
    inside = os.path.relpath(path, mount.point)
    return Place(mount.device, os.path.normpath(os.path.join(mount.root, inside)))  # noqa: PTH118 - of bytes


def _unescaped(field: bytes) -> bytes:
    r"""Turn `\040`, `\011`, `\012`, `\134` back into a space, a tab, a line's end and a backslash."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), field)

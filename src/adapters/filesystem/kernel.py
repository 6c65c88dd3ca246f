"""What Python does not ask of the kernel: which file system a directory is on, and mounting one in memory."""

import ctypes
import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path

_KINDS = {0x01021994: "tmpfs", 0x858458F6: "ramfs"}
"""Numbers by which statfs(2) tells file systems in memory."""

OURS = "strongroom"
"""What the table of mounts calls the source of one that we mounted."""

_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_UMOUNT_NOFOLLOW = 8
_STATFS_BYTES = 256
_MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)
_PROC = Path("/proc/self")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Filesystem:
    """Its kind, and what it was mounted from. In memory, it may be that what is in it is written to a swap device.

    `never_swaps`: it is of a kind that is not, whatever devices there are.
    """

    kind: str
    source: str
    is_in_memory: bool
    never_swaps: bool

    @property
    def may_swap(self) -> bool:
        """Whether that may happen as things are: where there is no device, it does not. A disk is no memory."""
        return self.is_in_memory and not self.never_swaps and _has_swap()


def filesystem(descriptor: int) -> Filesystem:
    """Say on which file system an open directory is. Raises `OSError`."""
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    _checked(_libc.fstatfs(ctypes.c_int(descriptor), buffer))
    number = ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF
    kind, source, options = _mounted_as(descriptor)
    kind = _KINDS.get(number, kind)
    return Filesystem(kind, source, number in _KINDS, kind == "ramfs" or "noswap" in options)


def is_mount_point(descriptor: int) -> bool:
    """Tell whether an open directory is where something is mounted: its parent is on another mount."""
    parent = os.open("..", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=descriptor)
    try:
        return _mount_id(parent) != _mount_id(descriptor)
    finally:
        os.close(parent)


def mount_tmpfs(path: Path, options: str) -> None:
    """Mount memory on `path`, if the kernel can (6.4) such as it never swaps out. Raises `OSError`."""
    try:
        _mount(path, f"{options},noswap")
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        _mount(path, options)


def unmount(path: Path) -> bool:
    """Unmount what is on `path`; tells whether it is gone, which it is not while something uses it."""
    return bool(_libc.umount2(os.fsencode(path), ctypes.c_int(_UMOUNT_NOFOLLOW)) == 0)


def _mount(path: Path, options: str) -> None:
    flags = ctypes.c_ulong(_NOSUID | _NODEV | _NOEXEC)
    _checked(_libc.mount(OURS.encode(), os.fsencode(path), b"tmpfs", flags, options.encode()))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _mount_id(descriptor: int) -> str:
    found = _MOUNT_ID.search((_PROC / f"fdinfo/{descriptor}").read_text())
    return found[1] if found else ""


def _mounted_as(descriptor: int) -> tuple[str, str, list[str]]:
    """Return kind, source and options of the file system that an open directory is on (proc_pid_mountinfo(5))."""
    number = f"{_mount_id(descriptor)} "
    lines = (_PROC / "mountinfo").read_text(errors="surrogateescape").splitlines()
    for line in lines:
        if line.startswith(number):
            kind, source, options = line.partition(" - ")[2].split(" ", 2)
            return kind, source, options.split(",")
    return "unknown", "", []


def _has_swap() -> bool:
    """Tell whether there is a swap device; the first line of the table is its heading."""
    try:
        return len(Path("/proc/swaps").read_text().splitlines()) > 1
    except OSError:
        return True

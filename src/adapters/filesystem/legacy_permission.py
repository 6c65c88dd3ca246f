"""Whether an old file could be removed, told without writing anything."""

import fcntl
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from adapters.filesystem.reading import Unfit, opened_regular

_FS_IOC_GETFLAGS = 0x80086601
_IMMUTABLE = 0x10
_APPEND_ONLY = 0x20
_MOUNT_ID = re.compile(rb"^mnt_id:\s*(\d+)$", re.MULTILINE)


def may_remove(directory: int, name: str) -> bool:
    """Tell whether the entry `name` of an open directory could be removed; raises `OSError` if it cannot be seen."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return (
        not os.fstatvfs(directory).f_flag & os.ST_RDONLY
        and os.access(".", os.W_OK | os.X_OK, dir_fd=directory, effective_ids=True)
        and _owns_in_sticky(os.fstat(directory), found)
        and not _is_locked_down(directory)
        and not _file_refuses(directory, name)
    )


def _owns_in_sticky(directory: os.stat_result, found: os.stat_result) -> bool:
    """In a directory like /tmp only the owner of the file or of the directory removes, and root."""
    return not directory.st_mode & stat.S_ISVTX or os.geteuid() in {0, directory.st_uid, found.st_uid}


def _file_refuses(directory: int, name: str) -> bool:
    """Tell whether the file itself is immutable, append-only, or mounted there. What is no file says nothing."""
    try:
        with opened_regular(name, directory=directory) as descriptor:
            return _is_locked_down(descriptor) or _mount(descriptor) != _mount(directory)
    except (Unfit, OSError):
        return False


def _is_locked_down(descriptor: int) -> bool:
    flags = bytearray(8)
    try:
        fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, flags)
    except OSError:
        return False  # no such flags on this file system, or they are not told
    return bool(int.from_bytes(flags[:4], "little") & (_IMMUTABLE | _APPEND_ONLY))


def _mount(descriptor: int) -> bytes | int:
    """Identify the mount, which tells more than the device: a file may be bound over its neighbour."""
    with suppress(OSError):
        found = _MOUNT_ID.search(Path(f"/proc/self/fdinfo/{descriptor}").read_bytes())
        if found:
            return found[1]
    return os.fstat(descriptor).st_dev

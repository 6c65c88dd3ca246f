"""Writing files so that they are whole or not there, after a power cut too."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_durably(path: Path, data: bytes, *, mode: int = PRIVATE_FILE, mtime_ns: int | None = None) -> None:
    """Put `data` at `path`, in place of what is there; a link there is replaced, not followed.

    Readers see the old file or the new one. Raises `OSError`; then no part of `data` stays behind.
    """
    with _written_beside(path, data, mode, mtime_ns) as temporary:
        temporary.rename(path)
    fsync_directory(path.parent)


def create_durably(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Put `data` at `path` if nothing is there; raises `FileExistsError` otherwise, and `OSError`."""
    with _written_beside(path, data, mode, None) as temporary:
        path.hardlink_to(temporary)
    fsync_directory(path.parent)


def make_private_directory(path: Path) -> None:
    """Make the directory `path`, mode 0700, and whichever of its parents are missing; one that is there stays as it is.

    Raises `OSError`, `FileExistsError` if something else has the name.
    """
    if path.is_dir():
        return
    make_private_directory(path.parent)
    path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    fsync_directory(path.parent)


def fsync_directory(path: Path) -> None:
    """Make what was created, renamed or removed in `path` durable; raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_directory(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(descriptor: int) -> None:
    """Do the same for an open directory."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # what some network file systems say that have no such thing
            raise


@contextmanager
def _written_beside(path: Path, data: bytes, mode: int, mtime_ns: int | None) -> Iterator[Path]:
    """Give a durable file with a name of its own, and take that name away at the end if it is still there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, _NEW_FILE, PRIVATE_FILE)
    try:
        try:
            os.fchmod(descriptor, mode)
            write_all(descriptor, data)
            if mtime_ns is not None:
                os.utime(descriptor, ns=(mtime_ns, mtime_ns))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, however many calls that takes; raises `OSError`."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]

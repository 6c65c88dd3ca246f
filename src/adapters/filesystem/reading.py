"""Reading regular files, and nothing else: no pipe that blocks, no device, no link unless it is wanted."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_READ_ONLY = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Unfit(Exception):
    """An entry that is not read as it is now; the text says why and fits behind its name."""


class NotRegular(Unfit):
    """It is no regular file."""


class TooLarge(Unfit):
    """It has more bytes than it may have."""


@contextmanager
def opened_regular(name: str | Path, *, directory: int | None = None, follow: bool = False) -> Iterator[int]:
    """Open a regular file for a `with` block, below the open `directory` if one is given.

    Raises `NotRegular`, a link included unless `follow`, and `OSError`.
    """
    # Looked at first, because merely opening a pipe or a device may do something.
    _require_regular(os.stat(name, dir_fd=directory, follow_symlinks=follow))
    descriptor = os.open(name, _READ_ONLY | (0 if follow else os.O_NOFOLLOW), dir_fd=directory)
    try:
        _require_regular(os.fstat(descriptor))
        yield descriptor
    finally:
        os.close(descriptor)


def read_whole(descriptor: int, limit: int) -> tuple[bytes, os.stat_result]:
    """Return the content of an open regular file, at most `limit` bytes, with its state before and after.

    Raises `TooLarge`, `Unfit` if it changed meanwhile, and `OSError`.
    """
    before = os.fstat(descriptor)
    if before.st_size > limit:
        raise TooLarge(f"is larger than {limit} bytes")
    content = _read_at_most(descriptor, before.st_size + 1)
    if len(content) != before.st_size or _identity(os.fstat(descriptor)) != _identity(before):
        raise Unfit("changed while it was read")
    return content, before


def read_regular(path: Path, limit: int, *, follow: bool = False) -> tuple[bytes, os.stat_result]:
    """Open `path`, read it whole, and close it; raises as `opened_regular` and `read_whole` do."""
    with opened_regular(path, follow=follow) as descriptor:
        return read_whole(descriptor, limit)


def _require_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular("is not a regular file")


def _identity(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read_at_most(descriptor: int, limit: int) -> bytes:
    chunks, missing = [], limit
    while missing and (chunk := os.read(descriptor, missing)):
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)

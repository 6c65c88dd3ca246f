"""Files that are just being written: each claimed by its writer, with a lock that ends when the writer does."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import Busy

SIDECARS = ("-journal", "-wal", "-shm")
"""What SQLite may put beside a database while it writes to it."""


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Create `path`, empty and for its owner alone, and be known to write to it for a `with` block.

    Raises `FileExistsError`, and `OSError`. What is there under that name when the block fails is removed.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    except BaseException:
        remove_with_sidecars(path)
        raise
    finally:
        os.close(descriptor)


def is_abandoned(path: Path) -> bool:
    """Tell whether there is such a file and nobody writes to it: its writer was killed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def with_sidecars(path: Path) -> list[Path]:
    """Return `path`, and what SQLite may put beside it."""
    return [path, *(path.with_name(path.name + end) for end in SIDECARS)]


def remove_with_sidecars(path: Path) -> None:
    """Remove a file that is being written, and what SQLite put beside it."""
    for each in with_sidecars(path):
        each.unlink(missing_ok=True)


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Claim `path` for a `with` block, and remove it at its end, and first what a killed writer left of it.

    Raises `Busy` while another writes to it.
    """
    if is_abandoned(path):
        remove_with_sidecars(path)
    try:
        with claimed(path):
            yield path
    except FileExistsError:
        raise Busy(
            f"{path.name} is being written by another process", advice="try again when it has finished"
        ) from None
    else:
        remove_with_sidecars(path)

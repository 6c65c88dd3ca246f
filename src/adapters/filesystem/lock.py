"""One process at a time: flock on a file that is never removed."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.atomic import PRIVATE_FILE, make_private_directory
from adapters.filesystem.faults import reason
from domain.errors import Busy, DatabaseUnusable
from domain.ports import Lock

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FIRST_PAUSE_S = 0.001
_LONGEST_PAUSE_S = 0.05
_PID_DIGITS = 20


class FileLock(Lock):
    """A lock on the file `path`, which names its holder's process. Threads exclude one another, too."""

    def __init__(self, path: Path, *, longest_pause_s: float = _LONGEST_PAUSE_S) -> None:
        """Who waits looks again after `longest_pause_s` at most: the shorter, the fairer to him."""
        self._path = path
        self._longest_pause_s = longest_pause_s

    @override
    @contextmanager
    def hold(self, *, patience_ms: int, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        pause_s = self._longest_pause_s
        with locked(self._path, patience_ms=patience_ms, on_wait=on_wait, longest_pause_s=pause_s) as descriptor:
            _sign(descriptor, str(os.getpid()))
            try:
                yield
            finally:
                _sign(descriptor, "")


@contextmanager
def locked(
    path: Path,
    *,
    patience_ms: int,
    on_wait: Callable[[], None] | None = None,
    longest_pause_s: float = _LONGEST_PAUSE_S,
) -> Iterator[int]:
    """Hold a lock on the file `path` for a `with` block and give its descriptor, open for reading and writing.

    Makes the file, mode 0600, and its directory where they are missing. Raises `Busy`, and
    `DatabaseUnusable` if the file can be neither made nor locked.
    """
    descriptor = _opened(path)
    try:
        if not _acquired(descriptor, path, patience_ms, on_wait, longest_pause_s):
            raise _busy(descriptor, path)
        try:
            yield descriptor
        finally:
            # Closing alone would leave the lock with a child that was forked meanwhile.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        make_private_directory(path.parent)
        return os.open(path, _OPEN, PRIVATE_FILE)
    except OSError as error:
        raise _unusable(path, error) from error


def _acquired(
    descriptor: int, path: Path, patience_ms: int, on_wait: Callable[[], None] | None, longest_pause_s: float
) -> bool:
    if _taken(descriptor, path):
        return True
    if on_wait is not None:
        on_wait()
    end = time.monotonic() + patience_ms / 1_000
    pause = _FIRST_PAUSE_S
    while not _taken(descriptor, path):
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(2 * pause, longest_pause_s)
    return True


def _taken(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _unusable(path, error) from error
    return True


def _sign(descriptor: int, holder: str) -> None:
    with suppress(OSError):  # the name is a courtesy; on a full disk the lock holds without it
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode("ascii"), 0)


def _busy(descriptor: int, path: Path) -> Busy:
    pid = os.pread(descriptor, _PID_DIGITS, 0)
    holder = f"process {pid.decode('ascii')}" if pid.isdigit() else "another process"
    return Busy(f"{holder} holds the lock {path}", advice="wait until it is done, or stop it, and try again")


def _unusable(path: Path, error: OSError) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"the lock {path} cannot be used: {reason(error)}",
        advice="check the permissions and the file system of its directory",
    )

"""Files whose version is their mtime in nanoseconds, compared and set under one lock."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from adapters.filesystem.atomic import fsync_directory, make_private_directory, write_durably
from adapters.filesystem.faults import translated
from adapters.filesystem.lock import locked
from adapters.filesystem.reading import NotRegular, read_regular
from domain.errors import VersionConflict
from domain.ports import Clock

_PATIENCE_MS = 30_000
_NS_PER_MS = 1_000_000
_DIGITS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file's bytes, which no form of the object shows, and its version."""

    content: bytes = field(repr=False)
    version: int

    @property
    def written_at(self) -> int:
        """When it was written, in milliseconds UTC."""
        return written_at(self.version)


class VersionedFiles:
    """Versions are instants, so that they grow by themselves, an edit by hand included.

    The newest one ever given out stands in the lock file: so they grow across a delete, too, and
    when the clock is put back. In errors a file is called by the `name` that comes with its path.
    """

    def __init__(self, lock: Path, clock: Clock) -> None:
        self._lock = lock
        self._clock = clock

    def read(self, path: Path, name: str, *, limit: int) -> Stored | None:
        """Return what is at `path`, or None; raises `Integrity` for what is no regular file or over `limit` bytes."""
        with translated(name):
            try:
                content, found = read_regular(path, limit)
            except (FileNotFoundError, NotADirectoryError):
                return None
        return Stored(content=content, version=version_of(found))

    def write(self, path: Path, name: str, content: bytes, *, expected_version: int | None) -> int:
        """Put `content` at `path` and return its version; raises `VersionConflict`."""
        with locked(self._lock, patience_ms=_PATIENCE_MS) as memory, translated(name):
            actual = _version_at(path)
            if expected_version is not None and expected_version != actual:
                raise VersionConflict(name, expected=expected_version, actual=actual)
            version = max(self._clock.now() * _NS_PER_MS, _remembered(memory) + 1, actual + 1)
            _remember(memory, version)
            make_private_directory(path.parent)
            write_durably(path, content, mtime_ns=version)
        return version

    def delete(self, path: Path, name: str, *, expected_version: int | None = None) -> bool:
        """Remove what is at `path`; tells whether it was there. Raises `VersionConflict`."""
        with translated(name):
            if not _version_at(path) and not expected_version:
                return False
        with locked(self._lock, patience_ms=_PATIENCE_MS) as memory, translated(name):
            actual = _version_at(path)
            if expected_version is not None and expected_version != actual:
                raise VersionConflict(name, expected=expected_version, actual=actual)
            _remember(memory, max(_remembered(memory), actual))
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            fsync_directory(path.parent)
        return True


def version_of(found: os.stat_result) -> int:
    """Return the version of a file in this state."""
    return max(found.st_mtime_ns, 1)  # 0 would mean that there is no file


def written_at(version: int) -> int:
    """Return the instant that a version is, in milliseconds UTC."""
    return version // _NS_PER_MS


def _version_at(path: Path) -> int:
    """Return 0 where nothing is."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return 0
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular("is not a regular file")
    return version_of(found)


def _remembered(memory: int) -> int:
    digits = os.pread(memory, _DIGITS, 0)
    return int(digits) if digits.isdigit() else 0


def _remember(memory: int, version: int) -> None:
    os.pwrite(memory, b"%0*d" % (_DIGITS, version), 0)
    os.fsync(memory)

"""The places where we keep things, and what the file system says of each."""

import errno
import fcntl
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.faults import reason
from adapters.filesystem.key_source import STAGED
from domain.errors import DatabaseUnusable
from domain.ports import Leftover, Place, Places, Role, Room

_PARTIAL = ".partial"
_SIDECAR = "(-journal|-wal|-shm)?"
_SCRATCH = (".restoring", ".rehearsal")
"""How copies of a backup are called that are not in place yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPlaces(Places):
    """Everything by its path; a link is looked through, as whoever opens it would."""

    state_dir: Path
    config_dir: Path
    key_file: Path
    database: Path
    backup_dir: Path

    @override
    def look(self) -> list[Place]:
        found = (_place(role, path) for role, path in self._known())
        return [place for place in found if place is not None]

    @override
    def unfinished(self) -> list[Leftover]:
        try:
            found = [*self._unfinished_keys(), *self._unfinished_backups()]
        except OSError as error:
            raise DatabaseUnusable(
                f"the directories cannot be listed: {reason(error)}",
                advice="check their permissions, and whose they are",
            ) from None
        return sorted(found, key=lambda leftover: leftover.path)

    @override
    def close_to_others(self, place: Place) -> None:
        with _told(place.path):
            Path(place.path).chmod(place.role.private_mode)

    @override
    def discard(self, leftover: Leftover) -> None:
        if leftover.role is not Role.BACKUP:
            raise DatabaseUnusable(f"{leftover.path} may hold a key, and is not removed", advice="look at it yourself")
        with _told(leftover.path):
            Path(leftover.path).unlink(missing_ok=True)

    @override
    def room(self) -> list[Room]:
        try:
            size = sum(path.stat().st_size for path in self._database_files() if path.exists())
            directories = {_device(path): path for path in map(_existing, (self.backup_dir, self.state_dir))}
            free = {path: shutil.disk_usage(path).free for path in directories.values()}
        except OSError as error:
            raise DatabaseUnusable(
                f"the room on the disk cannot be told: {reason(error)}",
                advice="check the permissions of the directories",
            ) from None
        return [Room(directory=str(path), free=bytes_free, database=size) for path, bytes_free in free.items()]

    def _known(self) -> Iterator[tuple[Role, Path]]:
        yield Role.STATE, self.state_dir
        yield Role.CONFIG, self.config_dir
        yield Role.BACKUPS, self.backup_dir
        yield Role.KEY_FILE, self.key_file
        yield Role.STAGED_KEY, self._staged_key
        yield from ((Role.UNFINISHED_KEY, path) for path in self._key_partials())
        yield from ((Role.DATABASE, path) for path in self._database_files())
        backups = self.backup_dir.glob(f"{escape(self.database.name)}.bak-*")
        yield from ((Role.BACKUP, path) for path in sorted(backups))

    def _unfinished_keys(self) -> Iterator[Leftover]:
        if self._staged_key.exists():
            yield Leftover(role=Role.STAGED_KEY, path=str(self._staged_key))
        for path in self._key_partials():
            yield Leftover(role=Role.UNFINISHED_KEY, path=str(path), is_key_file=_same_file(path, self.key_file))

    def _unfinished_backups(self) -> Iterator[Leftover]:
        name = re.escape(self.database.name)
        half = re.compile(rf"{name}\.bak-\d{{8}}T\d{{6}}Z(-\d+)?(\.json)?{re.escape(_PARTIAL)}{_SIDECAR}")
        copy = re.compile(rf"{name}({'|'.join(map(re.escape, _SCRATCH))}){_SIDECAR}")
        for directory, ours in ((self.backup_dir, half), (self.database.parent, copy)):
            for path in directory.glob("*"):
                if ours.fullmatch(path.name) and not _is_claimed(path):
                    yield Leftover(role=Role.BACKUP, path=str(path))

    @property
    def _staged_key(self) -> Path:
        place = Path(os.path.realpath(self.key_file))
        return place.with_name(place.name + STAGED)

    def _key_partials(self) -> list[Path]:
        """List what a key file is written to before it has its name, where the configured one is a link, too."""
        names = (self.key_file, Path(os.path.realpath(self.key_file)))
        found = (path for name in names for path in name.parent.glob(f".{escape(name.name)}.*.tmp"))
        return [*{path.parent.resolve() / path.name: path for path in found}.values()]

    def _database_files(self) -> list[Path]:
        return [self.database, *(self.database.with_name(self.database.name + end) for end in ("-wal", "-shm"))]


def _place(role: Role, path: Path) -> Place | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DatabaseUnusable(
            f"{path} cannot be looked at: {reason(error)}", advice="check the permissions of its directory"
        ) from None
    ours = found.st_uid in {os.geteuid(), 0}
    return Place(role=role, path=str(path), mode=stat.S_IMODE(found.st_mode), ours=ours, refusal=_refusal(path))


def _refusal(path: Path) -> str | None:
    """Say why we cannot write, as the mode alone does not: root needs none, and is stopped by a read-only mount."""
    try:
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return os.strerror(errno.EROFS)
        wanted = os.W_OK | os.X_OK if path.is_dir() else os.W_OK
        return None if os.access(path, wanted, effective_ids=True) else os.strerror(errno.EACCES)
    except OSError as error:
        return None if isinstance(error, FileNotFoundError) else reason(error)


def _is_claimed(path: Path) -> bool:
    """Tell whether somebody writes to it: its writer holds a lock, or that of the file that it lies beside."""
    ends = (_PARTIAL, *_SCRATCH)
    names = (path.name[: path.name.rfind(end) + len(end)] for end in ends if end in path.name)
    return any(_is_locked(path.with_name(name)) for name in names)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseUnusable(f"{path} cannot be changed: {reason(error)}", advice="check whose it is") from None


def _same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except FileNotFoundError:
        return False


def _existing(path: Path) -> Path:
    """Return the nearest directory above that is there."""
    return path if path.is_dir() else _existing(path.parent)


def _device(path: Path) -> int:
    return path.stat().st_dev

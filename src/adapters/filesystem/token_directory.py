"""Files of one token each: written, wiped and swept by descriptor, so that no link leads elsewhere."""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from adapters.filesystem.atomic import write_all
from adapters.filesystem.faults import reason
from domain.mounts import Owner

PASSABLE = 0o711
"""The mode of a directory that a container's user can pass through."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FILE_MODE = 0o400
_WRITABLE = 0o600


@dataclass(frozen=True, slots=True)
class Swept:
    """What was there and is gone, by path, and what could not be taken away, in words."""

    paths: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@contextmanager
def directory(parent: int, name: str, *, make: int | None = None) -> Iterator[int]:
    """Open the directory `name` below `parent`; to `make` it, of that mode, is to replace what else has its name.

    Raises `OSError`: `NotADirectoryError` for a link, EBUSY for another file system that is mounted there.
    """
    if make is not None:
        _make_directory(parent, name, make)
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        found = os.fstat(descriptor)
        if found.st_dev != os.fstat(parent).st_dev:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        if make is not None and stat.S_IMODE(found.st_mode) != make:
            os.fchmod(descriptor, make)  # whatever the umask is, and if whoever made it was killed before this
        yield descriptor
    finally:
        os.close(descriptor)


def names(place: int) -> list[str]:
    """List what is in an open directory, sorted. Raises `OSError`."""
    return sorted(os.listdir(place))


def holds_only_directories(place: int) -> bool:
    """Tell whether there is nothing but directories in an open one, at any depth. Raises `OSError`."""
    for name in names(place):
        if not _is_directory(place, name):
            return False
        with directory(place, name) as inner:
            if not holds_only_directories(inner):
                return False
    return True


def write(place: int, name: str, content: bytes, owner: Owner) -> bool:
    """Put a file of one token at `name`, by rename; tells whether that changed anything. Raises `OSError`."""
    if _is_there(place, name, content, owner):
        return False
    temporary = _new_name()
    descriptor = os.open(temporary, _NEW, 0, dir_fd=place)
    try:
        _own(descriptor, owner)  # before the first byte: nobody else is ever able to read one
        write_all(descriptor, content)
        if _is_directory(place, name):
            _remove_tree(place, name)
        os.rename(temporary, name, src_dir_fd=place, dst_dir_fd=place)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
        with suppress(OSError):
            os.unlink(temporary, dir_fd=place)
        raise
    finally:
        os.close(descriptor)
    return True


def wipe(place: int, name: str) -> bool:
    """Empty a file, for whoever has it open, then unlink it; tells whether it was there. Raises `OSError`.

    One that cannot be emptied keeps its name, by which it is found again. A directory goes with all in it.
    """
    try:
        found = os.stat(name, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(found.st_mode):
        _remove_tree(place, name)
        return True
    if stat.S_ISREG(found.st_mode):
        _empty(place, name)
    os.unlink(name, dir_fd=place)
    return True


def sweep(place: int, keep: Collection[str], stays: Callable[[str], bool], done: Swept, *, path: str = "") -> None:
    """Wipe what is at and below `path`, an open directory, beside the regular files to `keep`; all else is tried first.

    Directories that lead to a file to keep, and those that `stays` is true of, stay. What was done is added to `done`.
    """
    for name in names(place):
        here = path + name
        is_way = any(kept.startswith(f"{here}/") for kept in keep) or stays(here)
        try:
            if is_way and _is_directory(place, name):
                with directory(place, name) as inner:
                    sweep(inner, keep, stays, done, path=f"{here}/")
            elif (here not in keep or not _is_regular(place, name)) and wipe(place, name):
                done.paths.append(here)
        except OSError as error:
            done.failures.append(f"{here} cannot be wiped: {reason(error)}")


def _make_directory(parent: int, name: str, mode: int) -> None:
    if not _is_directory(parent, name):
        wipe(parent, name)
        with suppress(FileExistsError):
            os.mkdir(name, mode, dir_fd=parent)


def _is_directory(place: int, name: str) -> bool:
    return stat.S_ISDIR(_mode(place, name))


def _is_regular(place: int, name: str) -> bool:
    return stat.S_ISREG(_mode(place, name))


def _mode(place: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=place, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0


def _new_name() -> str:
    return f".new-{secrets.token_hex(8)}"


def _is_there(place: int, name: str, content: bytes, owner: Owner) -> bool:
    try:
        descriptor = os.open(name, _READ, dir_fd=place)
    except OSError:
        return False
    try:
        found = os.fstat(descriptor)
        as_it_should_be = (
            stat.S_ISREG(found.st_mode)
            and stat.S_IMODE(found.st_mode) == _FILE_MODE
            and (found.st_uid, found.st_gid, found.st_nlink) == (owner.uid, owner.gid, 1)
        )
        return as_it_should_be and os.read(descriptor, len(content) + 1) == content
    finally:
        os.close(descriptor)


def _own(descriptor: int, owner: Owner) -> None:
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (owner.uid, owner.gid):
        os.fchown(descriptor, owner.uid, owner.gid)
    os.fchmod(descriptor, _FILE_MODE)


def _empty(place: int, name: str) -> None:
    """Truncate a file that may be another user's and writable by nobody, without following a link."""
    pinned = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
    try:
        if not stat.S_ISREG(os.fstat(pinned).st_mode):
            return
        same = f"/proc/self/fd/{pinned}"
        try:
            os.truncate(same, 0)
        except PermissionError:
            if os.fstat(pinned).st_uid != os.geteuid():
                os.chown(same, os.geteuid(), -1)
            os.chmod(same, _WRITABLE)
            os.truncate(same, 0)
    finally:
        os.close(pinned)


def _remove_tree(place: int, name: str) -> None:
    """Wipe a directory with all in it, however deep: what is below is moved up, beside it, and so needs no way down."""
    left, failure = [name], None
    while left:
        current = left.pop()
        try:
            with directory(place, current) as inner:
                left += _emptied(place, inner)
            os.rmdir(current, dir_fd=place)
        except OSError as error:
            failure = failure or error
    if failure:
        raise failure


def _emptied(place: int, inner: int) -> list[str]:
    """Wipe the files of a directory, and move its directories to `place`; returns their names there."""
    moved, failure = [], None
    for below in names(inner):
        try:
            if _is_directory(inner, below):
                os.rename(below, new := _new_name(), src_dir_fd=inner, dst_dir_fd=place)
                moved.append(new)
            else:
                wipe(inner, below)
        except OSError as error:
            failure = failure or error
    if failure and not moved:
        raise failure
    return moved

"""The two old directories, looked into by descriptor: which entries are ours to list, and what kind each is."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import NotFound
from domain.legacy.files import (
    GITLAB_FILE,
    PENPOT_FILE,
    SESSIONS_FILE,
    TOKENS_DIRECTORY,
    Kind,
    LegacyRef,
    Root,
    is_left_by_editor,
)

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK
_FILES = {Root.STATE: (GITLAB_FILE, SESSIONS_FILE), Root.CONFIG: (PENPOT_FILE,)}
_OUR_LOCKS = frozenset(f".{file}.lock" for files in _FILES.values() for file in files)
_IN_TOKENS = f"{TOKENS_DIRECTORY}/"
_HIDDEN_TOKENS = LegacyRef(Root.CONFIG, TOKENS_DIRECTORY, Kind.UNREADABLE)
_ASIDE = re.compile(r"\.(?P<name>.+)\.strongroom-[0-9a-f]{16}", re.DOTALL)

_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFSOCK: Kind.SOCKET,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.DEVICE,
    stat.S_IFBLK: Kind.DEVICE,
}


def aside_name(name: str, token: str) -> str:
    """Name the place where a removal sets the file `name` aside; `token` is 16 hex digits."""
    return f".{name}.strongroom-{token}"


class LegacyDirectories:
    """The state and the config directory of the old version. Other entries of them are not even looked at."""

    def __init__(self, state_dir: Path, config_dir: Path) -> None:
        self._roots = {Root.STATE: state_dir, Root.CONFIG: config_dir}

    def entries(self) -> Iterator[LegacyRef]:
        """Give every entry that is, or may once have been, one of the old files."""
        for root, path in self._roots.items():
            try:
                directory = _opened_root(path)
            except FileNotFoundError:
                continue
            except OSError:
                yield from _hidden(root)
                continue
            try:
                yield from _entries_of_root(root, directory)
            finally:
                os.close(directory)

    @contextmanager
    def holding(self, ref: LegacyRef) -> Iterator[tuple[int, str]]:
        """Open the directory that holds `ref` for a `with` block, and give it with the entry's name in it.

        The roots may be links, `tokens` may not. Raises `OSError`, and `NotFound` for what is none of the old files.
        """
        in_tokens = ref.root is Root.CONFIG and ref.path.startswith(_IN_TOKENS)
        name = ref.path.removeprefix(_IN_TOKENS) if in_tokens else ref.path
        known = in_tokens or _belongs(ref.root, name) or (ref.root, name) == (Root.CONFIG, TOKENS_DIRECTORY)
        if not known or name in {"", ".", ".."} or "/" in name:
            raise NotFound(f"{ref.shown} is none of the old files")
        directory = _opened_root(self._roots[ref.root])
        try:
            if in_tokens:
                directory, root = _opened_below(directory), directory
                os.close(root)
            yield directory, name
        finally:
            os.close(directory)


def _opened_root(path: Path) -> int:
    try:
        return os.open(path, _DIRECTORY)
    except FileNotFoundError:
        if path.is_symlink():  # as to a volume that is not mounted: that is no missing directory
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
        raise


def _opened_below(root: int) -> int:
    return os.open(TOKENS_DIRECTORY, _DIRECTORY | os.O_NOFOLLOW, dir_fd=root)


def _hidden(root: Root) -> Iterator[LegacyRef]:
    """List what a root that cannot be looked into may hold."""
    names = (*_FILES[root], TOKENS_DIRECTORY) if root is Root.CONFIG else _FILES[root]
    return (LegacyRef(root, name, Kind.UNREADABLE) for name in names)


def _entries_of_root(root: Root, directory: int) -> Iterator[LegacyRef]:
    names = _names(directory)
    if names is None:
        yield from _hidden(root)
        return
    yield from _refs(root, directory, "", [name for name in names if _belongs(root, name)])
    if root is Root.CONFIG:
        yield from _entries_of_tokens(directory)


def _entries_of_tokens(root: int) -> Iterator[LegacyRef]:
    found = next(_refs(Root.CONFIG, root, "", [TOKENS_DIRECTORY]), None)
    if found is None:
        return
    if found.kind is not Kind.DIRECTORY:
        yield found
        return
    try:
        directory = _opened_below(root)
    except OSError:
        yield _HIDDEN_TOKENS
        return
    try:
        names = _names(directory)
        yield from [_HIDDEN_TOKENS] if names is None else _refs(Root.CONFIG, directory, _IN_TOKENS, names)
    finally:
        os.close(directory)


def _names(directory: int) -> list[str] | None:
    """Return None if the directory does not say."""
    try:
        return os.listdir(directory)
    except OSError:
        return None


def _refs(root: Root, directory: int, prefix: str, names: list[str]) -> Iterator[LegacyRef]:
    for name in names:
        kind = _kind(directory, name)
        if kind is not None:
            yield LegacyRef(root, prefix + name, kind, _aside_of(root, prefix, name) if kind is Kind.FILE else None)


def _belongs(root: Root, name: str) -> bool:
    """Tell whether an entry of a root is one of its old files, or what an editor or a removal left of one."""
    files = _FILES[root]
    return name in files or (is_left_by_editor(name) and name not in _OUR_LOCKS and any(file in name for file in files))


def _aside_of(root: Root, prefix: str, name: str) -> str | None:
    match = _ASIDE.fullmatch(name)
    if match is None or not (prefix or match["name"] in _FILES[root]):
        return None
    return prefix + match["name"]


def _kind(directory: int, name: str) -> Kind | None:
    """Return None for what has gone meanwhile."""
    try:
        mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    except OSError:
        return Kind.UNREADABLE
    return _KINDS.get(stat.S_IFMT(mode), Kind.UNREADABLE)

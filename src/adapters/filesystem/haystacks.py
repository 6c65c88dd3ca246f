"""The files in which plaintext could have been left, opened so that reading them harms nothing."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.filesystem.faults import reason
from adapters.filesystem.key_source import STAGED
from adapters.filesystem.legacy_directory import LegacyDirectories
from adapters.filesystem.reading import Unfit, opened_regular
from domain.audit import on_one_line
from domain.legacy.files import TOKENS_DIRECTORY, Kind, Root

LARGEST = 1_024 * 1_024 * 1_024
"""Bytes of a file that is searched, unless it is a database or a backup."""

NEVER = frozenset({"agent-env", "claude-credentials", "architect-uploads"})
"""Directories that belong to others, at whatever depth: they are not even listed."""

_KEY_FILE = "master.key"

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Haystack:
    """A file: what it is called for people, where it lies, and how long it was when it was found.

    `descriptor` is None if it is opened for each reading.
    """

    name: str
    path: Path
    size: int
    descriptor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedPlaces:
    """Where to look.

    `key_file` is None if it lies where it does by default; `runtime_dir`, where tokens are mounted, is
    not looked into.
    """

    database: Path
    state_dir: Path
    config_dir: Path
    backup_dir: Path
    key_file: Path | None = None
    runtime_dir: Path | None = None

    def where_the_key_belongs(self) -> set[Identity]:
        """Identify the key file and the staged key."""
        place = self.key_place
        found = map(_identity, (place, place.with_name(place.name + STAGED)))
        return {known for known in found if known is not None}

    def beside_the_key(self) -> list[Path]:
        """Return the directory of the key file, and of the file that it links to."""
        found = dict.fromkeys((self._key_file.parent, self.key_place.parent))
        return [directory for directory in found if NEVER.isdisjoint(directory.parts)]

    @property
    def _key_file(self) -> Path:
        return self.key_file or self.config_dir / _KEY_FILE

    @property
    def key_place(self) -> Path:
        """Return the key file itself, where the configured one is a link to it."""
        return Path(os.path.realpath(self._key_file))


class Haystacks:
    """Finds every file of `places`.

    What lies beside the database under its name stays open until `close`, the rest is opened when it
    is read: there may be more files than a process may have open.
    """

    def __init__(self, places: SearchedPlaces) -> None:
        self._places = places
        self._open = ExitStack()
        self.unread: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.too_large: dict[str, int] = {}

    def find(self) -> list[Haystack]:
        """Return the files that are there now.

        Notes by name what cannot be read, and what is left out on purpose, each with the reason, and
        the size of what is too large.
        """
        walk = _Walk(self._places)
        self.unread, self.skipped, self.too_large = walk.unread, walk.skipped, {}
        seen = self._places.where_the_key_belongs()
        found: list[Haystack] = []
        for path, is_ours in walk.files():
            known = _identity(path)
            # Looked at before it is opened: closing a second name of the database drops its locks as well.
            if known is not None and known not in seen:
                seen.add(known)
                found += self._found(path, is_ours=is_ours)
        return found

    @contextmanager
    def reading(self, haystack: Haystack) -> Iterator[int | None]:
        """Give a descriptor for a `with` block, None if the file is gone; a fault in the block is noted in `unread`."""
        with ExitStack() as opened:
            descriptor = haystack.descriptor
            try:
                if descriptor is None:
                    descriptor = opened.enter_context(opened_regular(haystack.path))
            except (OSError, Unfit) as error:
                self._note_unread(haystack.name, error)
            try:
                yield descriptor
            except OSError as error:
                self._note_unread(haystack.name, error)

    def close(self) -> None:
        """Close what is open.

        POSIX drops all locks of a process on a file when any of its descriptors is closed
        (https://sqlite.org/howtocorrupt.html, section 2.2); so not while SQLite holds the database.
        """
        self._open.close()

    def _found(self, path: Path, *, is_ours: bool) -> Iterator[Haystack]:
        name = shown(path)
        kept = is_ours and path.parent == self._places.database.parent
        try:
            with ExitStack() as opened:
                descriptor = opened.enter_context(opened_regular(path))
                size = os.fstat(descriptor).st_size
                if kept:
                    self._open.enter_context(opened.pop_all())
        except (OSError, Unfit) as error:
            self._note_unread(name, error)
            return
        if size > LARGEST and not is_ours:
            self.too_large[name] = size
        else:
            yield Haystack(name=name, path=path, size=size, descriptor=descriptor if kept else None)

    def _note_unread(self, name: str, error: OSError | Unfit) -> None:
        """What has gone meanwhile holds nothing."""
        if not isinstance(error, FileNotFoundError):
            self.unread.setdefault(name, reason(error) if isinstance(error, OSError) else str(error))


class _Walk:
    """One walk through the places. No link is followed but the places themselves."""

    def __init__(self, places: SearchedPlaces) -> None:
        self._places = places
        self._walked: set[Identity] = set()
        roots = (places.state_dir, places.config_dir, places.backup_dir, places.database.parent)
        self._roots = {os.path.realpath(root) for root in roots}
        self.unread: dict[str, str] = {}
        self.skipped: dict[str, str] = {}

    def files(self) -> Iterator[tuple[Path, bool]]:
        """Give each regular file, perhaps more than once, and whether it is a database or a backup, those first."""
        places = self._places
        for directory in dict.fromkeys((places.database.parent, places.backup_dir)):
            for path in self._listed(directory):
                if path.name.startswith(places.database.name):
                    yield path, True
        for tree in (places.backup_dir, places.state_dir, places.config_dir / TOKENS_DIRECTORY):
            yield from ((path, False) for path in self._below(tree))
        for directory in places.beside_the_key():
            yield from ((path, False) for path in self._listed(directory))
        self._note_what_others_keep()
        yield from ((path, False) for path in self._old_files())

    def _below(self, top: Path) -> Iterator[Path]:
        if top.name == TOKENS_DIRECTORY and top.is_symlink():
            self._skip(top, "a link")
            return
        pending = [top]
        while pending:
            directory = pending.pop()
            known = _identity(Path(os.path.realpath(directory)))
            if known is None or known in self._walked:
                continue
            self._walked.add(known)
            for entry in self._entries(directory):
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    pending += [] if self._is_left_out(path) else [path]
                elif entry.is_file(follow_symlinks=False):
                    yield path
                elif not (entry.is_symlink() and os.path.realpath(path) in self._roots):
                    self._skip(path, "a link" if entry.is_symlink() else "no regular file")

    def _listed(self, directory: Path) -> Iterator[Path]:
        return (Path(entry.path) for entry in self._entries(directory) if entry.is_file(follow_symlinks=False))

    def _note_what_others_keep(self) -> None:
        """Of the directories in the config directory only that of the tokens is ours."""
        for entry in self._entries(self._places.config_dir):
            is_ours = entry.name == TOKENS_DIRECTORY or os.path.realpath(entry.path) in self._roots
            if entry.is_dir(follow_symlinks=False) and not is_ours:
                self._skip(Path(entry.path), "not ours to read")
            elif entry.is_symlink() and Path(os.path.realpath(entry.path)) != self._places.key_place:
                self._skip(Path(entry.path), "a link")

    def _is_left_out(self, path: Path) -> bool:
        if path.name in NEVER:
            self._skip(path, "not ours to read")
        elif path == self._places.runtime_dir:
            self._skip(path, "tokens are mounted there")
        else:
            return False
        return True

    def _entries(self, directory: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(directory) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.unread[shown(directory)] = reason(error)
            return []

    def _old_files(self) -> Iterator[Path]:
        """Give the old files again, also those beside which no key lies."""
        roots = {Root.STATE: self._places.state_dir, Root.CONFIG: self._places.config_dir}
        for ref in sorted(LegacyDirectories(self._places.state_dir, self._places.config_dir).entries()):
            path = roots[ref.root] / ref.path
            if ref.kind is Kind.FILE and not path.parent.is_symlink():
                yield path
            elif ref.kind is Kind.UNREADABLE and shown(path.parent) not in self.unread:
                self.unread.setdefault(shown(path), "cannot be looked into")

    def _skip(self, path: Path, why: str) -> None:
        self.skipped[shown(path)] = why


def shown(path: Path) -> str:
    """Return a path for people: what is not printable is backslash-escaped."""
    return on_one_line(str(path))


def _identity(path: Path) -> Identity | None:
    """Identify what lies at `path`, a link itself; None if nothing does, or nobody can say."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

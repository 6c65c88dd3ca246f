"""The old files in memory, with the faults that a disk has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from typing_extensions import override

from domain.errors import NotFound
from domain.legacy.files import (
    PENPOT_FILE,
    TOKENS_DIRECTORY,
    Fingerprint,
    Kind,
    LegacyFile,
    LegacyRef,
    Root,
    size_limit,
)
from domain.ports import LegacyFileSource
from domain.ports.legacy_file_source import SourceChanged, SourceRemains, SourceTooLarge, SourceUnreadable

_MTIME_NS = 1_795_521_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStat:
    """What a file system says of a file beside its content. Without `mtime_ns` each file is later than the last."""

    mode: int = 0o600
    links: int = 1
    mtime_ns: int | None = None


_PRIVATE = FileStat()


@dataclass(frozen=True, slots=True)
class _Entry:
    ref: LegacyRef
    content: bytes
    stat: FileStat
    inode: int

    @property
    def mtime_ns(self) -> int:
        return _MTIME_NS + self.inode if self.stat.mtime_ns is None else self.stat.mtime_ns


class MemoryLegacyFileSource(LegacyFileSource):
    """Entries by path. Where a path belongs to is told by its name: `tokens/…` and Penpot's token are configuration."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self._lock = Lock()
        self._entries: dict[str, _Entry] = {}
        self._written = 0
        self._unreadable: set[str] = set()
        self._unremovable: set[str] = set()
        for path, content in (files or {}).items():
            self.put(path, content)

    def put(
        self,
        path: str,
        content: bytes = b"",
        *,
        kind: Kind = Kind.FILE,
        stat: FileStat = _PRIVATE,
        aside_of: str | None = None,
    ) -> LegacyRef:
        """Lay an entry down, over one that is there; it is another file then, with another fingerprint."""
        ref = LegacyRef(_root_of(aside_of or path), path, kind, aside_of)
        with self._lock:
            self._written += 1
            self._entries[path] = _Entry(ref, content, stat, inode=self._written)
        return ref

    def make_unreadable(self, path: str, *, unreadable: bool = True) -> None:
        """Let `read` fail at `path` as if the permission were missing, or let it work again."""
        (self._unreadable.add if unreadable else self._unreadable.discard)(path)

    def make_unremovable(self, path: str, *, unremovable: bool = True) -> None:
        """Let `remove` fail at `path` as if the place were read-only, or let it work again."""
        (self._unremovable.add if unremovable else self._unremovable.discard)(path)

    def content(self, path: str) -> bytes | None:
        """Return the bytes at `path`, or None if nothing is there."""
        with self._lock:
            entry = self._entries.get(path)
        return entry.content if entry else None

    @override
    def read(self, ref: LegacyRef) -> LegacyFile:
        with self._lock:
            entry = self._entries.get(ref.path)
        if entry is None:
            raise NotFound(f"{ref.shown} is not there")
        if entry.ref.kind is not Kind.FILE or ref.path in self._unreadable:
            raise SourceUnreadable(f"{ref.shown} cannot be read")
        if len(entry.content) > size_limit(ref.logical):
            raise SourceTooLarge(f"{ref.shown} is larger than {size_limit(ref.logical)} bytes")
        return LegacyFile(
            ref=entry.ref,
            content=entry.content,
            mode=entry.stat.mode,
            links=entry.stat.links,
            fingerprint=_fingerprint(entry),
        )

    @override
    def remove(self, ref: LegacyRef, fingerprint: Fingerprint) -> None:
        with self._lock:
            entry = self._entries.get(ref.path)
            if entry is None:
                return
            if entry.ref.kind is not Kind.FILE or _fingerprint(entry) != fingerprint:
                raise SourceChanged(f"{ref.shown} is not the file that was read")
            if ref.path in self._unremovable:
                raise SourceRemains(f"{ref.shown} cannot be removed")
            del self._entries[ref.path]

    @override
    def can_remove(self, ref: LegacyRef) -> bool:
        return ref.path not in self._unremovable

    @override
    def list(self) -> list[LegacyRef]:
        with self._lock:
            return sorted(entry.ref for entry in self._entries.values())


def _root_of(path: str) -> Root:
    return Root.CONFIG if path.startswith((TOKENS_DIRECTORY, PENPOT_FILE)) else Root.STATE


def _fingerprint(entry: _Entry) -> Fingerprint:
    return Fingerprint(
        device=1,
        inode=entry.inode,
        size=len(entry.content),
        mtime_ns=entry.mtime_ns,
        sha256=hashlib.sha256(entry.content).digest(),
    )

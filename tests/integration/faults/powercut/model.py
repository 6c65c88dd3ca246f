"""The disk after a power cut: what was synced, and of the changes of names those that a file system may have kept."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tests.integration.faults.powercut.recording import Record


class Kept(StrEnum):
    """Which changes of names reach the disk before their directory is synced. POSIX allows each of them."""

    NOTHING = "no name changes before its directory is synced"
    REMOVALS = "names vanish at once, new ones wait for the sync of their directory"
    NAMES = "every name changes at once, content waits for its sync"


@dataclass(eq=False)
class Node:
    """A file or a directory; of a file, what is durable of it: nothing until its first sync."""

    is_directory: bool
    content: bytes = b""
    mode: int = 0o600
    mtime_ns: int = 0


Beginning = dict[str, tuple[int, Node]]
"""Relative path -> inode and what is durable of it."""


def beginning_of(root: Path) -> Beginning:
    """Take what is below `root` now as durable, before a job runs there."""
    found = {}
    for path in root.rglob("*"):
        state = path.stat()
        content = b"" if path.is_dir() else path.read_bytes()
        node = Node(path.is_dir(), content, state.st_mode & 0o7777, state.st_mtime_ns)
        found[str(path.relative_to(root))] = (state.st_ino, node)
    return found


class Disk:
    """The names that processes see, `live`, and those that are `durable`. Paths are relative to the home."""

    def __init__(self, kept: Kept, beginning: Beginning) -> None:
        self.kept = kept
        nodes = {name: (inode, replace(node)) for name, (inode, node) in beginning.items()}
        self.live = {name: node for name, (_, node) in nodes.items()}
        self.durable = dict(self.live)
        self._by_inode = dict(nodes.values())

    def apply(self, record: Record) -> None:
        """Let one recorded thing happen."""
        getattr(self, f"_{record.kind}")(record)

    def lay_out(self, root: Path) -> None:
        """Write what is durable below `root`. The index of SQLite's log is no data: it is made anew."""
        root.mkdir(mode=0o700)
        for name, node in sorted(self.durable.items()):
            path = root / name
            if not path.parent.is_dir() or name.endswith("-shm"):
                continue
            if node.is_directory:
                path.mkdir(mode=0o700)
                continue
            path.write_bytes(node.content)
            path.chmod(node.mode)
            os.utime(path, ns=(node.mtime_ns, node.mtime_ns))

    def state(self) -> frozenset[tuple[str, bytes]]:
        """What a start would find; equal for two moments between which nothing became durable."""
        return frozenset((name, node.content) for name, node in self.durable.items() if not name.endswith("-shm"))

    def _create(self, record: Record, *, is_directory: bool = False) -> None:
        self._by_inode[record.inode] = self.live[record.path] = Node(is_directory, b"", record.mode, record.mtime_ns)
        self._perhaps_at_once(record.path)

    def _mkdir(self, record: Record) -> None:
        self._create(record, is_directory=True)

    def _link(self, record: Record) -> None:
        self.live[record.second] = self.live[record.path]
        self._perhaps_at_once(record.second)

    def _rename(self, record: Record) -> None:
        self.live[record.second] = self.live.pop(record.path)
        self._perhaps_at_once(record.second)
        self._perhaps_gone(record.path)

    def _unlink(self, record: Record) -> None:
        self.live.pop(record.path)
        self._perhaps_gone(record.path)

    def _truncate(self, record: Record) -> None:
        node = self._by_inode[record.inode]
        if self.kept is not Kept.NOTHING:
            node.content = node.content[: record.length]

    def _sync(self, record: Record) -> None:
        node = self._by_inode[record.inode]
        node.content, node.mode, node.mtime_ns = record.content, record.mode, record.mtime_ns

    def _syncdir(self, record: Record) -> None:
        for name in {*self.live, *self.durable}:
            if name.rpartition("/")[0] == record.path:
                self._make_durable(name)

    def _make_durable(self, name: str) -> None:
        if name in self.live:
            self.durable[name] = self.live[name]
        else:
            self.durable.pop(name, None)

    def _perhaps_at_once(self, name: str) -> None:
        if self.kept is Kept.NAMES:
            self.durable[name] = self.live[name]

    def _perhaps_gone(self, name: str) -> None:
        if self.kept is not Kept.NOTHING:
            self.durable.pop(name, None)


@dataclass(frozen=True)
class Cut:
    """The power goes after `after` of the records, the latest of which is `latest`."""

    kept: Kept
    after: int
    latest: str

    def __str__(self) -> str:
        return f"power cut after record {self.after} ({self.latest}), {self.kept}"


def cuts(beginning: Beginning, records: list[Record]) -> Iterator[tuple[Cut, Disk]]:
    """Give every moment after which the disk differs. The disk changes as soon as the next is asked for."""
    seen = set()
    for kept in Kept:
        disk = Disk(kept, beginning)
        for number, record in enumerate((None, *records)):
            if record is not None:
                disk.apply(record)
            state = disk.state()
            if state not in seen:
                seen.add(state)
                yield Cut(kept, number, str(record or "before anything")), disk

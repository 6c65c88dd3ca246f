"""The two directories of the old version on a real disk, and entries of every kind in them."""

import os
import shutil
import socket
from pathlib import Path

from domain.legacy.files import PENPOT_FILE, TOKENS_DIRECTORY, Kind


class Disk:
    """Directories `state` and `config` below `root`, in which `put` lays entries down."""

    def __init__(self, root: Path) -> None:
        self.state = root / "state"
        self.config = root / "config"
        for directory in (self.state, self.config):
            directory.mkdir(mode=0o700)

    def path(self, path: str) -> Path:
        """Tell where an entry is, by the path that the old version knew."""
        return (self.config if path.startswith((TOKENS_DIRECTORY, PENPOT_FILE)) else self.state) / path

    def put(self, path: str, content: bytes = b"", *, kind: Kind = Kind.FILE) -> None:
        """Lay an entry down, in one step over what is there, as another inode."""
        place = self.path(path)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        beside = place.parent.parent / f"new-{place.name}"
        _MAKERS[kind](beside, content)
        if kind is Kind.DIRECTORY or place.is_dir():
            _clear(place)
        beside.replace(place)


def _clear(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _file(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    place.chmod(0o600)


def _symlink(place: Path, _content: bytes) -> None:
    target = place.with_name("target-of-a-link")
    target.write_bytes(b"tok-behind-a-link")
    place.symlink_to(target)


def _socket(place: Path, _content: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(place))


_MAKERS = {
    Kind.FILE: _file,
    Kind.DIRECTORY: lambda place, _content: place.mkdir(),
    Kind.SYMLINK: _symlink,
    Kind.FIFO: lambda place, _content: os.mkfifo(place),
    Kind.SOCKET: _socket,
}

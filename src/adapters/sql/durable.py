"""What it takes for a new name to survive a power cut: the directory that holds it is synced, too."""

import os
from pathlib import Path

_PRIVATE = 0o700


def sync(path: Path) -> None:
    """Make a file's bytes, or a directory's entries, durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Make a directory and its missing parents, readable by their owner only, durably."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=_PRIVATE, exist_ok=True)
    sync(path.parent)

"""Is there room for what is to be written: asked before, for a disk that is full stops everybody."""

import shutil
from pathlib import Path

from domain.errors import DatabaseUnusable

SPARE_BYTES = 1_024 * 1_024


def require_room(directory: Path, needed: int, *, what: str, advice: str) -> None:
    """Raise `DatabaseUnusable` if fewer than `needed` bytes, and some to spare, are free in `directory`."""
    needed += SPARE_BYTES
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise DatabaseUnusable(
            f"no room for {what}: {needed} bytes are needed in {directory}, {free} are free", advice=advice
        )

"""Replacing a database by another one, whole or not at all, whatever it is and whoever has it open."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from adapters.sql.claims import SIDECARS
from adapters.sql.database import Database
from adapters.sql.durable import sync
from adapters.sql.immutable import connect_immutable
from domain.errors import Busy, DatabaseUnusable

PATIENCE_S = 30.0
_PAUSE_S = 0.02
_STEP_PAGES = 4_096
_WAITING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SHARED_BYTES = (0x4000_0000, 512)
"""What a connection locks in a database: https://sqlite.org/fileformat2.html#lock_byte_page."""

_LOG_LOCKS = (120, 9)
"""What it locks in the index of a log, as long as it is open: https://sqlite.org/walformat.html#walidxlocks."""


def replace_contents(live: Database, source: Path, *, keep: Callable[[], None]) -> None:
    """Put every page of `source` in the place of those of `live`, in one transaction of SQLite's own backup API.

    Who reads meanwhile goes on with what was there, who writes waits; a process that is killed leaves
    what was there (https://sqlite.org/backup.html). `keep` is called when nobody can write any more and
    nothing has been changed yet; what it raises ends the matter, and nothing is changed. Raises `Busy`.
    """
    deadline = time.monotonic() + PATIENCE_S
    was_kept = False

    def progress(status: int, _remaining: int, _total: int) -> None:
        nonlocal was_kept
        if status in _WAITING:
            if time.monotonic() > deadline:
                raise Busy("others have been writing into the database for too long", advice="stop the service first")
        elif not was_kept:
            keep()
            was_kept = True

    with ExitStack() as stack:
        backup = connect_immutable(source, live.driver)
        stack.callback(backup.close)
        target = stack.enter_context(live.borrowed())
        (pages,) = backup.execute("PRAGMA page_count").fetchone()
        # The first step takes the lock, and must not be the last one, which commits.
        backup.backup(target, pages=max(1, min(_STEP_PAGES, pages // 2)), progress=progress, sleep=_PAUSE_S)
    if not was_kept:
        raise DatabaseUnusable("the backup is too small to be one", advice="take another one")


def lay_down(live: Path, source: Path, aside: Path) -> None:
    """Give `source` the name of `live`, which SQLite cannot open or which is not there; `live` is kept as `aside`.

    A log that lies there belongs to what was there and goes aside with it: SQLite would play it into the
    other one (https://sqlite.org/howtocorrupt.html, section 1.4). A process that is killed in between leaves
    what was there under both names, or under `aside` alone. Raises `Busy` while a process has it open.
    """
    with _unused(live):
        if live.exists():
            os.link(live, aside)
        for end in SIDECARS:
            left = live.with_name(live.name + end)
            if left.exists():
                left.rename(aside.with_name(aside.name + end))
        sync(live.parent)
        source.rename(live)
        sync(live.parent)


@contextmanager
def _unused(live: Path) -> Iterator[None]:
    """Lock what every connection to `live` locks, for a `with` block. Raises `Busy` if one is open somewhere.

    None may be open in this process: locks of one process do not keep each other out.
    """
    with ExitStack() as stack:
        for path, (start, length) in ((live, _SHARED_BYTES), (live.with_name(f"{live.name}-shm"), _LOG_LOCKS)):
            if not path.is_file():
                continue
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            stack.callback(os.close, descriptor)
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
            except OSError:
                raise Busy(
                    f"another process has {live.name} open, although it cannot be read", advice="stop the service first"
                ) from None
        yield

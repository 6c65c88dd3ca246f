"""Checkpoints of SQLite's write-ahead log: https://sqlite.org/pragma.html#pragma_wal_checkpoint."""

import sqlite3

from typing_extensions import override

from adapters.sql.database import Database
from domain.ports import Checkpoint, Checkpoints

LARGE_PAGES = 16_384
"""64 MiB. SQLite itself checkpoints at 1,000 pages and then writes the log from its beginning, so that it grows
only while a reader keeps it, and never shrinks by itself."""


class SqliteCheckpoints(Checkpoints):
    """PASSIVE waits for nobody and keeps nobody waiting. TRUNCATE is tried on a large log, without any patience."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def run(self) -> Checkpoint:
        with self._database.borrowed() as connection:
            _, pages, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            emptied = pages > LARGE_PAGES and pages == folded and _emptied(connection)
        return Checkpoint(pages=max(pages, 0), folded=max(folded, 0), emptied=emptied)


def _emptied(connection: sqlite3.Connection) -> bool:
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0")
    try:
        blocked, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")
    return not blocked

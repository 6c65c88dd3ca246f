"""Opening a database file that nobody writes to: as the bytes of that file, and of no log that may lie beside it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from adapters.sql import schema
from adapters.sql.database import Database
from adapters.sql.driver import Driver
from adapters.sql.looking import upgraded_in_memory
from domain.errors import Integrity

CACHE_KIB = 64 * 1_024
"""The check of a whole copy goes back and forth between index and table, and takes twice as long with the default."""


def connect_immutable(path: Path, driver: Driver) -> sqlite3.Connection:
    """Open `path` for reading, without locks: https://sqlite.org/uri.html#uriimmutable."""
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    connection: sqlite3.Connection = driver.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    return connection


@contextmanager
def opened_immutable(path: Path, driver: Driver) -> Iterator[Database]:
    """Open `path` for a `with` block, as it is."""
    engine = create_engine(
        "sqlite://", module=driver, creator=lambda: connect_immutable(path, driver), poolclass=NullPool
    )
    database = Database(engine, path, driver)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def at_head(database: Database) -> Iterator[Database]:
    """Give a database of the newest schema for a `with` block: `database` itself, or a copy in memory.

    Raises `DatabaseUnusable` if its schema is newer.
    """
    if schema.current(database) == schema.HEAD:
        yield database
        return
    copy = upgraded_in_memory(database)
    try:
        yield copy
    finally:
        copy.close()


def require_whole(database: Database) -> None:
    """Have SQLite look at every page and index; raises `Integrity`."""
    with database.borrowed() as connection:
        if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            raise Integrity("the copy of the database is damaged", advice="check the disk")
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise Integrity("the copy of the database has rows that name missing rows")

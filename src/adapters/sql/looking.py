"""Looking at a database without writing a byte, one of an older schema too."""

import sqlite3
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from adapters.sql import schema
from adapters.sql.database import Database
from adapters.sql.driver import PYTHON_DRIVER, Driver
from adapters.sql.opening import open_read_only


def open_for_a_look(path: Path, driver: Driver = PYTHON_DRIVER) -> Database:
    """Open the database at `path` read-only; if its schema is older than ours, a copy in memory that is upgraded.

    So a dry run can be made before the first start of a new version. Raises as `open_read_only` does, and
    `DatabaseUnusable` if the schema is newer.
    """
    database = open_read_only(path, driver)
    try:
        if schema.current(database) == schema.HEAD:
            return database
        copy = upgraded_in_memory(database)
    except BaseException:
        database.close()
        raise
    database.close()
    return copy


def upgraded_in_memory(database: Database) -> Database:
    """Return a copy of a database in memory, of the newest schema. Raises `DatabaseUnusable` if it is newer."""
    copy = _copied(database)
    schema.upgrade(copy)
    return copy


def _copied(database: Database) -> Database:
    """Copy a database into memory, where it lives as long as one connection to it is open."""
    uri = f"file:strongroom-{uuid4().hex}?mode=memory&cache=shared"

    driver = database.driver  # a driver backs up into connections of its own only

    def connect() -> sqlite3.Connection:
        connection: sqlite3.Connection = driver.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        return connection

    engine = create_engine("sqlite://", module=driver, creator=connect, poolclass=NullPool)
    copy = Database(engine, database.path, driver)
    with database.borrowed() as source, copy.borrowed() as target:
        source.backup(target)
    return copy

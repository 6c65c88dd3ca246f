"""Opening SQLite so that what returned is on the disk, and refusing where that cannot be had."""

import errno
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from adapters.sql.database import Database
from adapters.sql.driver import PYTHON_DRIVER, Driver
from adapters.sql.durable import sync
from adapters.sql.failures import DRIVER_ERRORS, primary_code
from adapters.sql.mounts import network_filesystem
from domain.errors import DatabaseUnusable

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another process's commit before it gives up with `Busy`."""

_PAUSE_S = 0.005
_INDEX_TIMEOUT_S = 1.0
_LOG_HEADER_BYTES = 32
"""A log of this size holds no change yet (https://sqlite.org/fileformat2.html#walformat)."""

_CACHE_KIB = 64 * 1_024
"""A bulk import keeps its pages in memory up to this; smaller, and they are written to the log several times.
The check of a whole copy goes back and forth between index and table, and takes twice as long with the default."""

_FULL = 2
_ON = 1


def open_database(path: Path, driver: Driver = PYTHON_DRIVER) -> Database:
    """Open the database at `path` for reading and writing; creates it, readable by its owner only.

    Raises `DatabaseUnusable` or `Unreachable` with what is in the way.
    """
    _refuse_unfit_place(path)
    _create_private(path)
    return _database(path, lambda: _connect(path, driver), driver)


def open_read_only(path: Path, driver: Driver = PYTHON_DRIVER) -> Database:
    """Open the database at `path` without writing a byte, not even of a write-ahead log.

    With nothing in the log the file is opened as immutable; otherwise the log is read through the
    index that is there already (https://sqlite.org/wal.html#read_only_databases).
    """
    _refuse_unfit_place(path)
    return _database(path, lambda: _connect_read_only(path, driver), driver)


def _database(path: Path, connect: Callable[[], sqlite3.Connection], driver: Driver) -> Database:
    engine = create_engine("sqlite://", module=driver, creator=connect, poolclass=NullPool)
    return Database(engine, path, driver)


def _connect(path: Path, driver: Driver) -> sqlite3.Connection:
    connection = _driver_connect(driver, f"file:{quote(str(path))}?mode=rw")
    try:
        _make_durable(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_durable(connection: sqlite3.Connection) -> None:
    """Set what durability and erasing rest on, and read it back: a PRAGMA that fails says nothing.

    WAL with FULL syncs the log at every commit; NORMAL would lose the last commits in a power cut,
    after the legacy file is gone (https://sqlite.org/pragma.html#pragma_synchronous). secure_delete
    overwrites what is deleted, whatever default the library was built with.
    """
    journal = _use_log(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA foreign_keys=ON")
    facts = {
        "journal_mode": journal == "wal",
        "synchronous": connection.execute("PRAGMA synchronous").fetchone()[0] == _FULL,
        "secure_delete": connection.execute("PRAGMA secure_delete").fetchone()[0] == _ON,
        "foreign_keys": connection.execute("PRAGMA foreign_keys").fetchone()[0] == _ON,
    }
    refused = [name for name, took in facts.items() if not took]
    if refused:
        raise DatabaseUnusable(
            f"SQLite did not accept {', '.join(refused)} for this database",
            advice="put the database on a local disk with room to write",
        )


def _use_log(connection: sqlite3.Connection) -> str:
    """Switch to the write-ahead log, once in the life of a file; returns the journal mode that is in force.

    The switch needs the file for itself and, unlike every other statement, does not wait for it:
    two processes that open a new database at once would meet here.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except DRIVER_ERRORS as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_S)


def _connect_read_only(path: Path, driver: Driver) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode=ro"
    log, index = path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
    # SQLite tries for ten seconds to read through the index of a process killed over its first commit.
    if index.exists() and _size(log) != _LOG_HEADER_BYTES:
        # a running service, or a killed one: its log may hold changes, or get some meanwhile
        connection = _driver_connect(driver, f"{uri}&readonly_shm=1", timeout=_INDEX_TIMEOUT_S)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except driver.OperationalError:
            connection.close()
        else:
            return connection
    if _size(log) <= _LOG_HEADER_BYTES:
        return _driver_connect(driver, f"{uri}&immutable=1")
    # A log without a usable index, as a power cut or a copy leaves it: SQLite must build one to read it.
    return _driver_connect(driver, uri)


def _size(path: Path) -> int:
    """Return the size in bytes, 0 where there is no file: another process may remove its log at any moment."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _driver_connect(driver: Driver, uri: str, *, timeout: float | None = None) -> sqlite3.Connection:
    connection: sqlite3.Connection = driver.connect(
        uri,
        uri=True,
        timeout=BUSY_TIMEOUT_S if timeout is None else timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    return connection


def _refuse_unfit_place(path: Path) -> None:
    try:
        entry = path.stat()
    except FileNotFoundError:
        entry = None
    except OSError as error:
        raise DatabaseUnusable(f"the database {path} cannot be reached: {error.strerror}") from None
    if entry is not None and not stat.S_ISREG(entry.st_mode):
        raise DatabaseUnusable(f"the database {path} is no file", advice="STRONGROOM_DATABASE_URL names another place")
    network = network_filesystem(path)
    if network is not None:
        raise DatabaseUnusable(
            f"the database {path} lies on a network file system ({network}), where SQLite's log does not work",
            advice="put the state directory on a local disk, or use PostgreSQL",
        )


def _create_private(path: Path) -> None:
    """Make sure that the file exists with mode 0600; SQLite gives the log the mode of the database.

    One that is there is not opened here. Whoever closes a file takes from his whole process the locks on it, those
    of a database that is open already too (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    real = path.resolve()
    try:
        try:
            os.close(os.open(real, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            _require_writable(real)
        else:
            sync(real.parent)
    except OSError as error:
        raise DatabaseUnusable(
            f"the database {path} cannot be opened for writing: {error.strerror}",
            advice="make the file and its directory writable for this user",
        ) from None


def _require_writable(path: Path) -> None:
    """Raise the `OSError` that opening `path` for reading and writing would raise."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

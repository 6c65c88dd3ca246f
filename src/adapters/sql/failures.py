"""The one place where a driver's errors become ours."""

import re
import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError

from adapters.sql.driver import DRIVERS
from domain.errors import Busy, DatabaseUnusable, DomainError, Integrity, SchemaIncomplete

DRIVER_ERRORS: Final[tuple[type[Exception], ...]] = (*(driver.Error for driver in DRIVERS), DBAPIError)
"""Of every driver that there is: they have no base class in common."""

_LOCKED = (Busy, "the database is locked by another process", "try again when it has finished")
_DAMAGED = (Integrity, "the database is damaged, or is no database at all", "restore it from a backup")
_READ_ONLY = (
    DatabaseUnusable,
    "the database is read-only here",
    "make the file and its directory writable for this user",
)
_DISK = (
    DatabaseUnusable,
    "the disk refused to store",
    "make room or check the disk, then start again; nothing was removed",
)
_MEANINGS: Final[dict[int, tuple[type[DomainError], str, str]]] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_FULL: _DISK,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CANTOPEN: (
        DatabaseUnusable,
        "the database file cannot be opened",
        "check the path and the permissions of its directory",
    ),
}
_OTHER = (DatabaseUnusable, "the database failed", "see the log of the service")
_LOST = re.compile(r"no such (table|column): ([\w.]+)")
"""SQLite has no code of its own for it, only these words."""
_PRIMARY = 0xFF
"""The lower byte of an extended result code is the primary one (https://sqlite.org/rescode.html)."""


def primary_code(error: Exception) -> int:
    """Return SQLite's result code of a driver's error; that of an unspecific one if it carries none."""
    return getattr(_cause(error), "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY


def translate(error: Exception) -> DomainError:
    """Say what a driver's error means. The driver's own words carry no parameters, so no secret."""
    cause = _cause(error)
    kind, message, advice = _MEANINGS.get(primary_code(error), _OTHER)
    lost = _LOST.search(str(cause)) if kind is DatabaseUnusable else None
    if lost is not None:
        return SchemaIncomplete(f"{message} ({cause})", missing=f"{lost[1]} {lost[2]}", advice=advice)
    return kind(f"{message} ({cause})", advice=advice)


def _cause(error: Exception) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig else error

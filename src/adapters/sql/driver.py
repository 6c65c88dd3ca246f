"""The two copies of SQLite that there may be: Python's own, and the newer one of the wheel `pysqlite3`.

A file must be opened with one of them only in a process. Each keeps its own account of the locks that the process
has, and lets go of the other's (https://sqlite.org/howtocorrupt.html, section 2.2.1): whichever closes last in its
own eyes removes the log into which the other still commits. docs/adr/0016-which-sqlite.md.
"""

import sqlite3
from importlib import import_module
from types import ModuleType
from typing import Final

Driver = ModuleType
"""A DB-API module with the names of `sqlite3`; its connections are typed as those of that module."""

PYTHON_DRIVER: Final[Driver] = sqlite3
"""What any other code in the process opens a database with, so also what guests open it with."""


def _shipped() -> Driver | None:
    try:
        return import_module("pysqlite3")
    except ImportError:  # no wheel for this platform
        return None


SHIPPED_DRIVER: Final = _shipped()
"""The copy that came with us; None where there is no wheel of it."""

DRIVERS: Final = (PYTHON_DRIVER,) if SHIPPED_DRIVER is None else (PYTHON_DRIVER, SHIPPED_DRIVER)


def newest_driver() -> Driver:
    """Return the copy with the newer SQLite, for a process in which nobody else opens the database."""
    return max(DRIVERS, key=lambda driver: driver.sqlite_version_info)

"""The database's write lock, which one process has at a time."""

import sqlite3
import time

from adapters.sql.failures import DRIVER_ERRORS, primary_code

_FIRST_PAUSE_S = 0.0002
_LONGEST_PAUSE_S = 0.005


def take_write_lock(connection: sqlite3.Connection) -> None:
    """Begin to write. Raises the driver's error if another process writes for longer than the connection's patience.

    SQLite's own wait sleeps up to 100 ms between two looks, and so loses again and again against a
    process that writes much in short pieces; this one looks often.
    """
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout=0")
    try:
        deadline, pause = time.monotonic() + patience_ms / 1_000, _FIRST_PAUSE_S
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except DRIVER_ERRORS as error:
                if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")

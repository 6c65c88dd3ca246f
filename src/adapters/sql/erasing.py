"""Erasing what secure_delete leaves: the write-ahead log, and copies in pages that were rearranged."""

from adapters.sql.database import Database
from adapters.sql.failures import DRIVER_ERRORS, translate
from domain.errors import Busy


def erase_traces(database: Database) -> None:
    """Write the database anew and empty its log, so that nothing is left of what stands in no row. In no transaction.

    SQLite overwrites a deleted cell where it stood last. A page that gave cells to its neighbour keeps
    their old bytes in the gap between its own, where no statement reaches: this happens to about one
    value of a thousand. Raises `Busy` if a reader kept the log from being emptied.
    """
    try:
        with database.borrowed() as connection:
            connection.execute("VACUUM")
            blocked, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except DRIVER_ERRORS as error:
        raise translate(error) from error
    if blocked:
        raise Busy(
            "what was erased is gone from its row, but a reader kept its bytes in the write-ahead log",
            advice="run this again when the other process has finished; stop Litestream for it, where it runs",
        )

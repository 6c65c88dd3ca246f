"""A database with rows of every kind that a check-up looks at, and ways to spoil it."""

import sqlite3
from contextlib import closing, contextmanager

from adapters.sql import SqlApiTokenStore, SqliteCheckup, SqlMigrationLedger, SqlSessionStore
from tests.support.sealed import Sealed


class Checked(Sealed):
    """The stores that write down instants, and the check-up over them."""

    def __init__(self, database):
        super().__init__(database)
        self.sessions = SqlSessionStore(database, self.clock)
        self.ledger = SqlMigrationLedger(database)
        self.api_tokens = SqlApiTokenStore(database)
        self.checkup = SqliteCheckup(database)

    def expose(self):
        """Let plaintext stand where one sealed value was."""
        self.sql("UPDATE secret_version SET sealed = ? WHERE rowid = 1", b"tok-plain-as-day")

    def break_up(self, faults):
        """Damage the structure in so many places: rows without a parent, and as many texts for numbers."""
        texts = faults // 2
        self._run("INSERT INTO secret_version VALUES ('nobody', ?, NULL, NULL, 1, 1)", faults - texts)
        with self._lenient("setting"):
            self._run("INSERT INTO setting VALUES (?, 'x', 'no number')", texts)
        self.database.close()  # what is cached would hide it

    def lose(self, what):
        """Drop a table, or a column by `table.column`."""
        table, _, column = what.partition(".")
        self.sql(f"ALTER TABLE {table} DROP COLUMN {column}" if column else f"DROP TABLE {table}")

    def take_in(self, table):
        """Have a table that is not ours."""
        self.sql(f"CREATE TABLE {table} (name)")

    def _run(self, statement, times):
        with closing(sqlite3.connect(self.database.path, isolation_level=None)) as connection:
            connection.executemany(statement, [(str(number),) for number in range(times)])

    @contextmanager
    def _lenient(self, table):
        """Let a table take anything for a while."""
        ((strict,),) = self.sql("SELECT sql FROM sqlite_master WHERE name = ?", table)
        self._declare(table, strict.replace("STRICT", ""))
        yield
        self._declare(table, strict)

    def _declare(self, table, text):
        with closing(sqlite3.connect(self.database.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (text, table))

"""The database: connections held open and borrowed for a statement, writers one at a time, each return durable."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql import ClauseElement

from adapters.sql.driver import PYTHON_DRIVER, Driver
from adapters.sql.failures import DRIVER_ERRORS, translate
from adapters.sql.statements import Params, Statement, prepare
from adapters.sql.transaction import NOTHING, BoundRow, Row, Transaction
from adapters.sql.write_lock import take_write_lock
from domain.errors import Busy

__all__ = ["BoundRow", "Database", "Row", "Transaction"]


PATIENCE_S = 10.0
"""How long a thread waits for its turn to write."""


class _Held(threading.local):
    """The write transaction that a thread is in, and its connection."""

    transaction: Transaction | None = None
    connection: sqlite3.Connection | None = None


class Database:
    """An open database. Safe to share between threads; not across a fork."""

    def __init__(self, engine: Engine, path: Path, driver: Driver = PYTHON_DRIVER) -> None:
        self.engine = engine
        self.path = path
        self.driver = driver
        self._writing = threading.Lock()
        self._held = _Held()
        self._idle: list[sqlite3.Connection] = []
        self._lazy: sqlite3.Connection | None = None
        self._opened: list[PoolProxiedConnection] = []

    def prepare(self, clause: ClauseElement) -> Statement:
        """Compile a statement for this database's dialect."""
        return prepare(clause, self.engine.dialect)

    def insert(self, table: Table) -> sqlite.Insert:
        """Return an INSERT that can say what to do ON CONFLICT."""
        return sqlite.insert(table)

    def one(self, statement: Statement, params: Params = NOTHING) -> Row | None:
        """Read the first row, or None."""
        connection = self._borrow()
        try:
            return cast("Row | None", connection.execute(statement.sql, statement.bind(params)).fetchone())
        except UnicodeEncodeError:
            return None
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._give_back(connection)

    def all(self, statement: Statement, params: Params = NOTHING) -> list[Row]:
        """Read every row."""
        connection = self._borrow()
        try:
            return connection.execute(statement.sql, statement.bind(params)).fetchall()
        except UnicodeEncodeError:
            return []
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._give_back(connection)

    @contextmanager
    def stream(self, statement: Statement, params: Params = NOTHING) -> Iterator[Iterator[Row]]:
        """Read rows one by one, for tables too large to hold."""
        with self.borrowed() as connection:
            yield connection.execute(statement.sql, statement.bind(params))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: all of the block or, if it raises, nothing. Returns when the commit is durable.

        BEGIN IMMEDIATE takes the write lock before anything is read, so that what the block read is
        still true when it writes (https://sqlite.org/lang_transaction.html). Inside another
        transaction of the same thread it is a part of that one, and durable when that one is; until
        then the thread's own reads see it.
        """
        held = self._held.transaction
        if held is not None:
            with held.part():
                yield held
        else:
            with self._turn(), self.borrowed() as connection, self._begun(connection) as transaction:
                yield transaction

    @contextmanager
    def lazy_transaction(self) -> Iterator[Transaction]:
        """Write what may be lost again in a power cut, for it can be done again; whole or not at all even so.

        Its commit waits for no disk, and so keeps others waiting for a fraction of the time. It becomes durable
        with the next `transaction` of anybody, or checkpoint: both sync the log from its beginning
        (https://sqlite.org/pragma.html#pragma_synchronous). Its connection is used for nothing else.
        """
        if self._held.transaction is not None:
            raise RuntimeError("a lazy transaction is part of no other")
        with self._turn():
            connection = self._lazy_connection()
            try:
                with self._begun(connection) as transaction:
                    yield transaction
            except DRIVER_ERRORS as error:
                raise translate(error) from error

    def _lazy_connection(self) -> sqlite3.Connection:
        if self._lazy is None:
            self._lazy = self._connect()
            self._lazy.execute("PRAGMA synchronous=NORMAL")
        return self._lazy

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the one thread that writes. Who waits for longer than a writer has for another process is `Busy`."""
        if not self._writing.acquire(timeout=PATIENCE_S):
            raise Busy("others have been writing into the database for too long", advice="try again")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _begun(self, connection: sqlite3.Connection) -> Iterator[Transaction]:
        take_write_lock(connection)
        try:
            self._held.transaction, self._held.connection = Transaction(connection), connection
            yield self._held.transaction
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self._held.transaction = self._held.connection = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that this thread reads in the block be of one moment. Nothing can be written in it."""
        if self._held.connection is not None:
            yield
            return
        with self.borrowed() as connection:
            connection.execute("BEGIN")
            self._held.connection = connection
            try:
                yield
            finally:
                self._held.connection = None
                connection.execute("COMMIT")

    @contextmanager
    def borrowed(self) -> Iterator[sqlite3.Connection]:
        """Lend the driver's connection for a `with` block, whose driver errors become ours."""
        connection = self._borrow()
        try:
            yield connection
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._give_back(connection)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Open a SQLAlchemy connection of its own, for what is not on a hot path."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    @contextmanager
    def fresh(self) -> Iterator["Database"]:
        """Open the same database once more, on connections that have seen nothing yet."""
        other = Database(self.engine, self.path, self.driver)
        try:
            yield other
        finally:
            other.close()

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the database.

        No other thread may be reading any more. Who is writing is waited for: its connection cannot be closed under it.
        """
        with self._turn():
            self._close()

    def _close(self) -> None:
        self._idle.clear()
        self._lazy = None
        while self._opened:
            self._opened.pop().close()

    def _borrow(self) -> sqlite3.Connection:
        """Take the connection of this thread's transaction, else an idle one, else a new one.

        A stack's pop is atomic, and keeps the warmest in use.
        """
        if self._held.connection is not None:
            return self._held.connection
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection is not self._held.connection:
            self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        try:
            proxied = self.engine.raw_connection()
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        self._opened.append(proxied)
        return cast("sqlite3.Connection", proxied.driver_connection)

"""The database: connections held open and borrowed for a statement, writers one at a time, each return durable."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql import ClauseElement

from adapters.sql.failures import DRIVER_ERRORS, translate
from adapters.sql.statements import Params, Statement, prepare
from domain.errors import Invalid

Row = tuple[Any, ...]
BoundRow = Sequence[object] | Params
_NOTHING: Mapping[str, object] = {}


class Transaction:
    """Statements that become durable together, or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one(self, statement: Statement, params: Params = _NOTHING) -> Row | None:
        """Return the first row, or None."""
        try:
            return cast("Row | None", self._connection.execute(statement.sql, statement.bind(params)).fetchone())
        except UnicodeEncodeError:
            return None  # half a surrogate pair: no stored text can be equal to it

    def run(self, statement: Statement, params: Params = _NOTHING) -> int:
        """Run a statement; returns how many rows it changed."""
        try:
            return self._connection.execute(statement.sql, statement.bind(params)).rowcount
        except UnicodeEncodeError:
            raise Invalid("a text that UTF-8 cannot hold") from None

    def run_many(self, statement: Statement, rows: Iterable[BoundRow]) -> int:
        """Run a statement once for each of `rows`, bound, from a generator if need be; returns how many it changed."""
        return self._connection.executemany(statement.sql, rows).rowcount


class Database:
    """An open database. Safe to share between threads; not across a fork."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.engine = engine
        self.path = path
        self._writing = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._opened: list[PoolProxiedConnection] = []

    def prepare(self, clause: ClauseElement) -> Statement:
        """Compile a statement for this database's dialect."""
        return prepare(clause, self.engine.dialect)

    def insert(self, table: Table) -> sqlite.Insert:
        """Return an INSERT that can say what to do ON CONFLICT."""
        return sqlite.insert(table)

    def one(self, statement: Statement, params: Params = _NOTHING) -> Row | None:
        """Read the first row, or None."""
        connection = self._borrow()
        try:
            return cast("Row | None", connection.execute(statement.sql, statement.bind(params)).fetchone())
        except UnicodeEncodeError:
            return None
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._idle.append(connection)

    def all(self, statement: Statement, params: Params = _NOTHING) -> list[Row]:
        """Read every row."""
        connection = self._borrow()
        try:
            return connection.execute(statement.sql, statement.bind(params)).fetchall()
        except UnicodeEncodeError:
            return []
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._idle.append(connection)

    @contextmanager
    def stream(self, statement: Statement, params: Params = _NOTHING) -> Iterator[Iterator[Row]]:
        """Read rows one by one, for tables too large to hold."""
        with self.borrowed() as connection:
            yield connection.execute(statement.sql, statement.bind(params))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: all of the block or, if it raises, nothing. Returns when the commit is durable.

        BEGIN IMMEDIATE takes the write lock before anything is read, so that what the block read is
        still true when it writes (https://sqlite.org/lang_transaction.html).
        """
        with self._writing, self.borrowed() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def borrowed(self) -> Iterator[sqlite3.Connection]:
        """Lend the driver's connection for a `with` block, whose driver errors become ours."""
        connection = self._borrow()
        try:
            yield connection
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        finally:
            self._idle.append(connection)

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
        other = Database(self.engine, self.path)
        try:
            yield other
        finally:
            other.close()

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the database."""
        self._idle.clear()
        while self._opened:
            self._opened.pop().close()

    def _borrow(self) -> sqlite3.Connection:
        """Take an idle connection, or open one. A stack's pop is atomic, and keeps the warmest in use."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        try:
            proxied = self.engine.raw_connection()
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        self._opened.append(proxied)
        return cast("sqlite3.Connection", proxied.driver_connection)

"""What is done in one transaction, on the connection that has the write lock."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from adapters.sql.failures import DRIVER_ERRORS, translate
from adapters.sql.statements import Params, Statement
from domain.errors import Integrity, Invalid

Row = tuple[Any, ...]
BoundRow = Sequence[object] | Params
NOTHING: Mapping[str, object] = {}
"""The parameters of a statement that has none."""


class Transaction:
    """Statements that become durable together, or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def part(self) -> Iterator[None]:
        """Undo what the block did, and no more, if it raises (https://sqlite.org/lang_savepoint.html)."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            if isinstance(error, DRIVER_ERRORS):
                raise translate(error) from error
            raise
        self._connection.execute("RELEASE part")

    def one(self, statement: Statement, params: Params = NOTHING) -> Row | None:
        """Return the first row, or None."""
        try:
            return cast("Row | None", self._connection.execute(statement.sql, statement.bind(params)).fetchone())
        except UnicodeEncodeError:
            return None  # half a surrogate pair: no stored text can be equal to it

    def run(self, statement: Statement, params: Params = NOTHING) -> int:
        """Run a statement; returns how many rows it changed."""
        try:
            return self._connection.execute(statement.sql, statement.bind(params)).rowcount
        except UnicodeEncodeError:
            raise Invalid("a text that UTF-8 cannot hold") from None
        except OverflowError:
            raise Integrity(
                "a number grew beyond what a database holds, as none of ours can",
                advice="find out who wrote into the database; restore a backup",
            ) from None

    def run_many(self, statement: Statement, rows: Iterable[BoundRow]) -> int:
        """Run a statement once for each of `rows`, bound, from a generator if need be; returns how many it changed."""
        return self._connection.executemany(statement.sql, rows).rowcount

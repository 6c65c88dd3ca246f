"""The sealed values of one table, sealed again under the active key and put in place by compare-and-set."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Column, Table, bindparam, func, select, update

from adapters.sql.database import BoundRow, Database, Row
from adapters.sql.sealed_places import SealedColumn, all_sealed_columns
from adapters.sql.sealing import KeySealsNoMore, UseCount, context, with_a_key_that_seals
from adapters.sql.statements import Statement
from domain.errors import Integrity
from domain.ports import Cipher


@dataclass(frozen=True, slots=True)
class _Cell:
    """A sealed column, and where in a row that was read its value and what binds it stand."""

    column: Column[bytes]
    row_id: int
    version: int
    blob: int


class Resealing:
    """The values of a row name one key, so they are sealed again together."""

    def __init__(self, database: Database, cipher: Cipher, table: Table) -> None:
        self._database = database
        self._cipher = cipher
        self._uses = UseCount(database, cipher)
        self._keys = list(table.primary_key.columns)
        sealed = [each for each in all_sealed_columns() if each.table is table]
        columns = [each.column for each in sealed]
        self._cells = [_cell(each, number, len(self._keys), len(sealed)) for number, each in enumerate(sealed)]
        values = [func.count(column) for column in columns]
        named = table.c.key_id.is_not(None)
        self._count = database.prepare(select(table.c.key_id, *values).where(named).group_by(table.c.key_id))
        bound = [column for each in sealed for column in each.bound]
        self._find = database.prepare(
            select(*self._keys, *bound, *columns)
            .where(table.c.key_id == bindparam("of_key"))
            .limit(bindparam("at_most"))
        )
        self._replace, self._bind = _replacing(database, table, self._keys, columns)
        self._stuck: dict[Row, Row] = {}

    def count_by_key(self) -> dict[str, int]:
        """Count the values that name each key."""
        return {key_id: sum(counts) for key_id, *counts in self._database.all(self._count)}

    def reseal(self, key_id: str, limit: int) -> int:
        """Seal the values of up to `limit` rows again; returns how many values, 0 when none is left that opens."""
        stored = 0
        while not stored and (rows := self._rows(key_id, limit)):
            stored = with_a_key_that_seals(self._cipher, partial(self._seal_again, key_id, rows))
        return stored

    def _rows(self, key_id: str, limit: int) -> list[Row]:
        """Find rows that name the key, but for those that are known not to open."""
        found = self._database.all(self._find, {"of_key": key_id, "at_most": limit + len(self._stuck)})
        width = len(self._keys)
        return [row for row in found if self._stuck.get(row[:width]) != row[width:]][:limit]

    def _seal_again(self, key_id: str, rows: Sequence[Row]) -> int:
        """Open and seal outside of the transaction, so that writers wait for the writing only.

        A row that was changed in between does not hold what was read, and is left as it is.
        """
        changes: defaultdict[tuple[str, int], list[BoundRow]] = defaultdict(list)
        for row in rows:
            try:
                new_key, blobs = self._sealed_again(row)
            except Integrity:
                self._stuck[row[: len(self._keys)]] = row[len(self._keys) :]
                continue
            old = [row[cell.blob] for cell in self._cells]
            bound = self._bind((new_key, key_id, *row[: len(self._keys)], *blobs, *old))
            changes[new_key, len(blobs) - blobs.count(None)].append(bound)
        if any(new_key == key_id for new_key, _ in changes):
            raise KeySealsNoMore
        return self._stored(changes) if changes else 0

    def _sealed_again(self, row: Row) -> tuple[str, list[bytes | None]]:
        """Return the new key and a row's values under it. Raises `Integrity` if one does not open."""
        key_id, blobs = "", list[bytes | None]()
        for cell in self._cells:
            if row[cell.blob] is None:
                blobs.append(None)
                continue
            place = context(cell.column, row[cell.row_id], row[cell.version], "")
            sealed = self._cipher.seal(self._cipher.open(row[cell.blob], place), place)
            key_id = sealed.key_id
            blobs.append(sealed.blob)
        return key_id, blobs

    def _stored(self, changes: dict[tuple[str, int], list[BoundRow]]) -> int:
        """Put the new values in place, and count them; returns how many there were.

        Lost in a power cut they are sealed again: the old key is retired only by a transaction that
        makes all of them durable.
        """
        total = 0
        with self._database.lazy_transaction() as transaction:
            for (new_key, values), rows in changes.items():
                self._uses.add(transaction, new_key, 0)
                stored = values * transaction.run_many(self._replace, rows)
                self._uses.add(transaction, new_key, stored)
                total += stored
        return total


def _cell(sealed: SealedColumn, number: int, keys: int, columns: int) -> _Cell:
    return _Cell(sealed.column, keys + 2 * number, keys + 2 * number + 1, keys + 2 * columns + number)


def _replacing(
    database: Database, table: Table, keys: Sequence[Column[object]], columns: Sequence[Column[bytes]]
) -> tuple[Statement, Callable[[Sequence[object]], BoundRow]]:
    """Return the compare-and-set of a row, and what binds new key, old key, primary key, new and old values to it."""
    at = {f"at_{key.name}": key for key in keys}
    new = {f"new_{column.name}": column for column in columns}
    old = {f"old_{column.name}": column for column in columns}
    statement = database.prepare(
        update(table)
        .where(table.c.key_id == bindparam("old_key"))
        .where(*(column == bindparam(name) for name, column in at.items()))
        .where(*(column.is_not_distinct_from(bindparam(name)) for name, column in old.items()))
        .values({"key_id": bindparam("new_key"), **{column.name: bindparam(name) for name, column in new.items()}})
    )
    return statement, statement.bind_sequence("new_key", "old_key", *at, *new, *old)

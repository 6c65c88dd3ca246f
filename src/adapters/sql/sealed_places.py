"""Where sealed values lie: for each sealed column what its values are bound to, and their names for people."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Select, Table, func, null, select

from adapters.sql.columns import Binding
from adapters.sql.database import Database, Row
from adapters.sql.sealing import context, sealed_columns
from domain.ports import Cipher, SealContext


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One sealed column of one table."""

    table: Table
    column: Column[bytes]

    @property
    def binding(self) -> Binding:
        """What its values are bound to."""
        binding: Binding = self.column.info["binding"]
        return binding

    @property
    def bound(self) -> tuple[Column[Any], Column[Any]]:
        """The columns of row uuid and version that they are bound to."""
        return self.table.c[self.binding.row_id], self.table.c[self.binding.version]

    def rows(self) -> Select[Row]:
        """Select key id, row uuid, version, name and sealed value of every value there is."""
        joined, name = self._named()
        columns = (self.table.c.key_id, *self.bound, name, self.column)
        return select(*columns).select_from(joined).where(self.column.is_not(None))

    def place(self, row_id: str, version: int, name: str | None) -> SealContext:
        """Say what the value of a row is bound to, and what it belongs to."""
        if name is None:
            return context(self.column, row_id, version, f"{self.table.name} {row_id}, version {version}")
        return context(self.column, row_id, version, self.binding.shown.format(name=name, version=version))

    def _named(self) -> tuple[FromClause, ColumnElement[Any]]:
        """Find the column that names a value, and what to read it from: a value without its parent counts, too."""
        table_name, _, column_name = (self.binding.named_by or "").partition(".")
        if not table_name:
            return self.table, null()
        if table_name == self.table.name:
            return self.table, self.table.c[column_name]
        parent = self.table.metadata.tables[table_name]
        return self.table.outerjoin(parent), parent.c[column_name]


def all_sealed_columns() -> list[SealedColumn]:
    """Find every sealed column, in the order of the tables."""
    return [SealedColumn(table, column) for table, column in sealed_columns()]


def count_values(database: Database) -> int:
    """Count the sealed values of every column."""
    counts = (
        database.one(database.prepare(select(func.count(each.column)).select_from(each.table)))
        for each in all_sealed_columns()
    )
    return sum(row[0] for row in counts if row)


def every_place(database: Database) -> Iterator[SealContext]:
    """Walk through the places of all sealed values there are."""
    for each in all_sealed_columns():
        with database.stream(database.prepare(each.rows())) as rows:
            for _, row_id, version, name, _ in rows:
                yield each.place(row_id, version, name)


def open_everything(database: Database, cipher: Cipher) -> dict[str, int]:
    """Open every sealed value; returns how many there are by data key. Raises `Integrity` at the first that fails."""
    counts: Counter[str] = Counter()
    for each in all_sealed_columns():
        with database.stream(database.prepare(each.rows())) as rows:
            for key_id, row_id, version, name, sealed in rows:
                cipher.open(sealed, each.place(row_id, version, name))
                counts[key_id] += 1
    return dict(counts)

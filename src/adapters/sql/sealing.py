"""Sealed columns: what each value is bound to, how often a key was used, and whether everything opens."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Column, Table, bindparam, select, update

from adapters.sql.database import Database, Transaction
from adapters.sql.tables import Binding, data_key, metadata
from domain.ports import Cipher, SealContext


def context(column: Column[bytes], row_id: str, version: int, subject: str) -> SealContext:
    """Say what a value of a sealed column is bound to; `subject` names it in messages."""
    binding: Binding = column.info["binding"]
    return SealContext(binding.kind, row_id, version, binding.field, subject)


def sealed_columns() -> Iterator[tuple[Table, Column[bytes]]]:
    """Find every sealed column in the table metadata."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if "binding" in column.info:
                yield table, column


def open_everything(database: Database, cipher: Cipher) -> dict[str, int]:
    """Open every sealed value; returns how many there are by data key. Raises `Integrity` at the first that fails."""
    counts: Counter[str] = Counter()
    for table, column in sealed_columns():
        binding: Binding = column.info["binding"]
        columns = (table.c.key_id, table.c[binding.row_id], table.c[binding.version], column)
        query = database.prepare(select(*columns).where(column.is_not(None)))
        with database.stream(query) as rows:
            for key_id, row_id, version, blob in rows:
                cipher.open(blob, context(column, row_id, version, f"{table.name} {row_id}"))
                counts[key_id] += 1
    return dict(counts)


class UseCount:
    """The count is exact: a value that is stored was counted, and the count never goes back."""

    def __init__(self, database: Database) -> None:
        self._add = database.prepare(
            update(data_key)
            .where(data_key.c.id == bindparam("key_id"))
            .values(uses=data_key.c.uses + bindparam("sealed_values"))
        )

    def add(self, transaction: Transaction, key_id: str, sealed_values: int = 1) -> None:
        """Count `sealed_values` more."""
        transaction.run(self._add, {"key_id": key_id, "sealed_values": sealed_values})

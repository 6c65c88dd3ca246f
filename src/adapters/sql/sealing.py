"""Sealed columns: what each value is bound to, and how often a key was used."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Column, Table, bindparam, update

from adapters.sql.columns import Binding, metadata
from adapters.sql.database import Database, Transaction
from adapters.sql.tables import data_key
from domain.errors import Busy
from domain.keys import KeyState
from domain.ports import Cipher, SealContext

T = TypeVar("T")
_RENEWED_AT_MOST = 4


class KeySealsNoMore(Busy):
    """The data key was rotated since we sealed under it, or it has sealed as many values as it may."""

    def __init__(self) -> None:
        super().__init__("the data key is just being replaced", advice="try again")


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


def sealed_tables() -> list[Table]:
    """Find every table that has sealed columns; in each `key_id` names the data key of the row's values."""
    return list(dict.fromkeys(table for table, _ in sealed_columns()))


def sealing_transaction(database: Database, cipher: Cipher, work: Callable[[Transaction], T]) -> T:
    """Run `work`, which seals values and counts them, in a transaction; again if its key seals no more.

    An attempt is then undone as a whole, so `work` must change nothing but the database.
    """

    def attempt() -> T:
        with database.transaction() as transaction:
            return work(transaction)

    return with_a_key_that_seals(cipher, attempt)


def with_a_key_that_seals(cipher: Cipher, attempt: Callable[[], T]) -> T:
    """Return what `attempt` returns; if its key seals no more, have the next one taken in and try again.

    Others may spend the next one, or rotate again, before this attempt has the write lock.
    """
    for _ in range(_RENEWED_AT_MOST):
        try:
            return attempt()
        except KeySealsNoMore:
            cipher.renew()
    return attempt()


class UseCount:
    """The count is exact: a value that is stored was counted, and the count never goes back.

    It is also where a key that is not active any more is noticed, in the transaction that stores the
    value: after a rotation has begun, nothing more is stored under the old key by anybody.
    """

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._seals_per_key = cipher.seals_per_key
        self._add = database.prepare(
            update(data_key)
            .where(
                data_key.c.id == bindparam("key_id"),
                data_key.c.state == KeyState.ACTIVE.value,
                data_key.c.uses < bindparam("seals_per_key"),
            )
            .values(uses=data_key.c.uses + bindparam("sealed_values"))
        )

    def add(self, transaction: Transaction, key_id: str, sealed_values: int = 1) -> None:
        """Count `sealed_values` more, before they are stored. Raises `KeySealsNoMore`; see `sealing_transaction`."""
        more = {"key_id": key_id, "sealed_values": sealed_values, "seals_per_key": self._seals_per_key}
        if transaction.run(self._add, more) != 1:
            raise KeySealsNoMore

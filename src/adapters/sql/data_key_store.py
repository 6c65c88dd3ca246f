"""Wrapped data keys in `data_key`."""

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, or_, select, update
from typing_extensions import override

from adapters.sql.database import Database, Transaction
from adapters.sql.erasing import erase_traces
from adapters.sql.sealing import sealed_tables
from adapters.sql.tables import data_key as table
from domain.errors import Conflict, NotFound
from domain.keys import DataKey, KeyPurpose, KeyState
from domain.ports import DataKeyStore


class SqlDataKeyStore(DataKeyStore):
    """A row a key; a key that sealed something cannot go while the sealed row names it (foreign keys)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._list = database.prepare(
            select(
                table.c.id,
                table.c.purpose,
                table.c.state,
                table.c.wrapped,
                table.c.canary,
                table.c.master_fingerprint,
                table.c.created_at,
                table.c.uses,
            ).order_by(table.c.created_at, table.c.id)
        )
        self._insert = database.prepare(insert(table))
        one = table.c.id == bindparam("of_id")
        self._set_state = database.prepare(update(table).where(one).values(state=bindparam("new_state")))
        self._rewrap = database.prepare(
            update(table)
            .where(one)
            .values(wrapped=bindparam("new_wrapped"), master_fingerprint=bindparam("new_master"))
        )
        named = (select(t.c.key_id).where(t.c.key_id == bindparam("of_id")).exists() for t in sealed_tables())
        self._is_named = database.prepare(select(or_(*named)))

    @override
    def add(self, keys: list[DataKey]) -> None:
        with self._database.transaction() as transaction:
            for key in keys:
                self._add(transaction, key)

    @override
    def activate(self, key: DataKey, *, instead_of: str | None = None) -> None:
        with self._database.transaction() as transaction:
            stored = self.list()
            active = [k for k in stored if k.seals_now]
            if instead_of is not None and [k.id for k in active] != [instead_of]:
                raise Conflict("another data key is active meanwhile", advice="look again: `strongroom keys status`")
            if {k.master_fingerprint for k in stored} - {key.master_fingerprint}:
                raise Conflict("the master key was changed meanwhile", advice="start again, under the new one")
            for former in active:
                transaction.run(self._set_state, {"of_id": former.id, "new_state": KeyState.DECRYPT_ONLY.value})
            self._add(transaction, key)

    @override
    def retire(self, key_id: str) -> None:
        with self._database.transaction() as transaction:
            state = next((key.state for key in self.list() if key.id == key_id), None)
            if state is None:
                raise NotFound(f"there is no data key {key_id}")
            if state is KeyState.ACTIVE:
                raise Conflict(
                    f"data key {key_id} is active", advice="`strongroom keys rotate` makes another one active"
                )
            named = transaction.one(self._is_named, {"of_id": key_id})
            if named is not None and named[0]:
                raise Conflict(
                    f"values are still sealed under data key {key_id}",
                    advice="`strongroom keys rotate` seals them again, and names those that it cannot open",
                )
            transaction.run(self._set_state, {"of_id": key_id, "new_state": KeyState.RETIRED.value})

    @override
    def rewrap(self, keys: Sequence[DataKey]) -> None:
        with self._database.transaction() as transaction:
            if {key.id for key in keys} != {key.id for key in self.list()}:
                raise Conflict("a data key was made meanwhile", advice="start again")
            for key in keys:
                new = {"new_wrapped": key.wrapped, "new_master": key.master_fingerprint}
                transaction.run(self._rewrap, {"of_id": key.id, **new})

    @override
    def erase_former_wrapping(self) -> None:
        erase_traces(self._database)

    def _add(self, transaction: Transaction, key: DataKey) -> None:
        transaction.run(
            self._insert,
            {
                "id": key.id,
                "purpose": key.purpose.value,
                "state": key.state.value,
                "wrapped": key.wrapped,
                "canary": key.canary,
                "master_fingerprint": key.master_fingerprint,
                "created_at": key.created_at,
                "uses": key.uses,
            },
        )

    @override
    def list(self) -> list[DataKey]:
        return [
            DataKey(
                id=id_,
                purpose=KeyPurpose(purpose),
                state=KeyState(state),
                wrapped=wrapped,
                canary=canary,
                master_fingerprint=fingerprint,
                created_at=created_at,
                uses=uses,
            )
            for id_, purpose, state, wrapped, canary, fingerprint, created_at, uses in self._database.all(self._list)
        ]

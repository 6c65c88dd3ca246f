"""Wrapped data keys in `data_key`."""

from sqlalchemy import insert, select
from typing_extensions import override

from adapters.sql.database import Database
from adapters.sql.tables import data_key as table
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

    @override
    def add(self, keys: list[DataKey]) -> None:
        with self._database.transaction() as transaction:
            for key in keys:
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

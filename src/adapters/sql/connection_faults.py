"""What went wrong with the connections, in `oauth_connection_fault`."""

from sqlalchemy import bindparam, delete, select
from typing_extensions import override

from adapters.sql.database import Database
from adapters.sql.tables import oauth_connection_fault as table
from domain.connections import ConnectionFault, FaultKind
from domain.ports import ConnectionFaults

_FIELDS = ("token_version", "reason", "since", "at", "failures", "retry_at", "client_mark")
"""The columns that are called as the fields of a fault are, and hold the same."""


class SqlConnectionFaults(ConnectionFaults):
    """A row a forge."""

    def __init__(self, database: Database) -> None:
        self._database = database
        columns = (table.c.kind, *(table.c[name] for name in _FIELDS))
        self._get = database.prepare(select(*columns).where(table.c.forge_type == bindparam("forge")))
        insert = database.insert(table)
        sent = insert.excluded
        self._record = database.prepare(
            insert.on_conflict_do_update(
                index_elements=["forge_type"],
                set_={column.name: sent[column.name] for column in columns},
                where=sent.token_version >= table.c.token_version,
            )
        )
        self._forget = database.prepare(delete(table).where(table.c.forge_type == bindparam("forge")))

    @override
    def get(self, forge: str) -> ConnectionFault | None:
        row = self._database.one(self._get, {"forge": forge})
        if row is None:
            return None
        kind, *said = row
        return ConnectionFault(forge=forge, kind=FaultKind(kind), **dict(zip(_FIELDS, said, strict=True)))

    @override
    def record(self, fault: ConnectionFault) -> None:
        said = {name: getattr(fault, name) for name in _FIELDS}
        with self._database.transaction() as transaction:
            transaction.run(self._record, {"forge_type": fault.forge, "kind": fault.kind.value, **said})

    @override
    def forget(self, fault: ConnectionFault) -> None:
        with self._database.transaction() as transaction:
            if self.get(fault.forge) == fault:
                transaction.run(self._forget, {"forge": fault.forge})

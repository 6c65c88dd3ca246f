"""Settings changed at run time, in `setting`."""

from sqlalchemy import bindparam, delete, select
from typing_extensions import override

from adapters.sql.database import Database
from adapters.sql.tables import setting as table
from domain.ports import Clock, SettingStore


class SqlSettingStore(SettingStore):
    """A row a setting."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        insert = database.insert(table)
        sent = {"value": insert.excluded.value, "updated_at": insert.excluded.updated_at}
        self._set = database.prepare(insert.on_conflict_do_update(index_elements=["name"], set_=sent))
        self._all = database.prepare(select(table.c.name, table.c.value).order_by(table.c.name))
        self._unset = database.prepare(delete(table).where(table.c.name == bindparam("of_name")))

    @override
    def all(self) -> dict[str, str]:
        return dict(self._database.all(self._all))

    @override
    def set(self, name: str, value: str) -> None:
        with self._database.transaction() as transaction:
            transaction.run(self._set, {"name": name, "value": value, "updated_at": self._clock.now()})

    @override
    def unset(self, name: str) -> bool:
        with self._database.transaction() as transaction:
            return transaction.run(self._unset, {"of_name": name}) > 0

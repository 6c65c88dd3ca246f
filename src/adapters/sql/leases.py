"""Leases in `lease`."""

from collections.abc import Callable

from sqlalchemy import bindparam, null, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row
from adapters.sql.tables import lease as table
from domain.ports import Clock, Lease, Leases


class SqlLeases(Leases):
    """A row a lease. Whose it is says `owner`, and `is_gone` tells of a former owner whether it has ended."""

    def __init__(
        self, database: Database, clock: Clock, owner: Callable[[], str], is_gone: Callable[[str], bool]
    ) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._is_gone = is_gone
        named = table.c.name == bindparam("of_name")
        self._find = database.prepare(select(table.c.fence, table.c.owner, table.c.until).where(named))
        insert = database.insert(table)
        sent = {name: insert.excluded[name] for name in ("fence", "owner", "until")}
        self._take = database.prepare(insert.on_conflict_do_update(index_elements=["name"], set_=sent))
        ours = (named, table.c.fence == bindparam("our_fence"))
        self._release = database.prepare(update(table).where(*ours).values(owner=null()))

    @override
    def acquire(self, name: str, *, ttl_ms: int) -> Lease | None:
        if not self._is_free(self._database.one(self._find, {"of_name": name})):
            return None  # whoever waits looks often, and must not keep writers waiting by it
        with self._database.transaction() as transaction:
            row = transaction.one(self._find, {"of_name": name})
            if not self._is_free(row):
                return None
            fence = (row[0] if row else 0) + 1
            until = self._clock.now() + ttl_ms
            transaction.run(self._take, {"name": name, "fence": fence, "owner": self._owner(), "until": until})
        return Lease(name, fence)

    @override
    def release(self, lease: Lease) -> None:
        with self._database.transaction() as transaction:
            transaction.run(self._release, {"of_name": lease.name, "our_fence": lease.fence})

    def _is_free(self, row: Row | None) -> bool:
        if row is None:
            return True
        _, owner, until = row
        return owner is None or until <= self._clock.now() or self._is_gone(owner)

"""Sessions in `claude_sdk_sessions`."""

import sys
from collections.abc import Iterable

from sqlalchemy import BindParameter, bindparam, delete, func, select
from typing_extensions import override

from adapters.sql.database import Database
from adapters.sql.tables import claude_sdk_sessions as table
from domain.ports import Clock, SessionStore
from domain.sessions import Session
from domain.values import is_broken_text

_COLUMNS = (table.c.key, table.c.session_id, table.c.last_used_at, table.c.created_at)


class SqlSessionStore(SessionStore):
    """One upsert, one commit: nothing stands between the caller and the database but that."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        insert = database.insert(table)
        sent = insert.excluded
        newer = {"session_id": sent.session_id, "last_used_at": sent.last_used_at}
        self._get = database.prepare(select(*_COLUMNS).where(table.c.key == bindparam("key")))
        self._set = database.prepare(insert.on_conflict_do_update(index_elements=["key"], set_=newer))
        self._merge = database.prepare(
            insert.on_conflict_do_update(
                index_elements=["key"],
                set_={**newer, "created_at": sent.created_at},
                where=sent.last_used_at > table.c.last_used_at,
            )
        )
        self._bind_merge = self._merge.bind_attributes(*(column.name for column in _COLUMNS))
        self._delete = database.prepare(delete(table).where(table.c.key == bindparam("key")))
        stale = table.c.last_used_at < bindparam("before")
        self._prune = database.prepare(delete(table).where(stale))
        self._count_stale = database.prepare(select(func.count()).select_from(table).where(stale))
        self._count = database.prepare(select(func.count()).select_from(table))
        # One lower bound, so that a page begins where it begins; `substr` takes the prefix literally.
        prefix: BindParameter[str] = bindparam("prefix")
        self._list = database.prepare(
            select(*_COLUMNS)
            .where(table.c.key >= bindparam("start"), table.c.key != bindparam("after"))
            .where(func.substr(table.c.key, 1, func.length(prefix)) == prefix)
            .order_by(table.c.key)
            .limit(bindparam("most"))
        )

    @override
    def get(self, key: str) -> Session | None:
        row = self._database.one(self._get, {"key": key})
        return None if row is None else Session(*row)

    @override
    def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        instant = self._clock.now() if used_at is None else used_at
        session = Session(key, session_id, instant, instant).checked()
        with self._database.transaction() as transaction:
            transaction.run(self._set, _row(session))

    @override
    def delete(self, key: str) -> bool:
        if is_broken_text(key):
            return False
        with self._database.transaction() as transaction:
            return transaction.run(self._delete, {"key": key}) > 0

    @override
    def prune_stale(self, before: int) -> int:
        with self._database.transaction() as transaction:
            return transaction.run(self._prune, {"before": before})

    @override
    def count_stale(self, before: int) -> int:
        return _number(self._database.one(self._count_stale, {"before": before}))

    @override
    def put_many(self, sessions: Iterable[Session]) -> int:
        with self._database.transaction() as transaction:
            bound = map(self._bind_merge, map(Session.checked, sessions))
            return max(transaction.run_many(self._merge, bound), 0)

    @override
    def count(self) -> int:
        return _number(self._database.one(self._count))

    @override
    def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        most = sys.maxsize if limit is None else limit
        after = after or ""
        bounds = {"start": max(prefix, after), "after": after, "prefix": prefix, "most": most}
        rows = self._database.all(self._list, bounds)
        return [Session(*row) for row in rows]


def _row(session: Session) -> dict[str, object]:
    return {
        "key": session.key,
        "session_id": session.session_id,
        "last_used_at": session.last_used_at,
        "created_at": session.created_at,
    }


def _number(row: tuple[int, ...] | None) -> int:
    return 0 if row is None else row[0]

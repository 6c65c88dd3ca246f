"""Requests that must not be done twice, in `named_request`."""

from sqlalchemy import bindparam, delete, select, update
from typing_extensions import override

from adapters.sql.database import Database
from adapters.sql.tables import named_request as table
from domain.ports import Clock, NamedRequests
from domain.requests import KEPT_FOR_MS, NamedRequest, Reply


class SqlNamedRequests(NamedRequests):
    """A row a request. It is written before the request is done, and the reply afterwards."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        is_it = table.c.key == bindparam("of_key")
        said = (table.c.fingerprint, table.c.begun_at, table.c.status, table.c.body, table.c.etag)
        reply: dict[str, object] = {name: bindparam(f"new_{name}") for name in ("status", "body", "etag")}
        self._forget = database.prepare(delete(table).where(table.c.begun_at < bindparam("before")))
        self._insert = database.prepare(database.insert(table).on_conflict_do_nothing(index_elements=["key"]))
        self._get = database.prepare(select(*said).where(is_it))
        self._finish = database.prepare(update(table).where(is_it).values(reply))
        self._abandon = database.prepare(delete(table).where(is_it, table.c.status.is_(None)))

    @override
    def begin(self, key: str, fingerprint: str) -> NamedRequest | None:
        now = self._clock.now()
        row = {"key": key, "fingerprint": fingerprint, "begun_at": now, "status": None, "body": None, "etag": None}
        with self._database.transaction() as transaction:
            transaction.run(self._forget, {"before": now - KEPT_FOR_MS})
            if transaction.run(self._insert, row):
                return None
            known = transaction.one(self._get, {"of_key": key})
        assert known is not None  # noqa: S101 - it kept ours from being inserted
        fingerprint, begun_at, status, body, etag = known
        reply = None if status is None else Reply(status=status, body=body, etag=etag)
        return NamedRequest(fingerprint=fingerprint, begun_at=begun_at, reply=reply)

    @override
    def finish(self, key: str, reply: Reply) -> None:
        new = {"new_status": reply.status, "new_body": reply.body, "new_etag": reply.etag}
        with self._database.transaction() as transaction:
            transaction.run(self._finish, {"of_key": key, **new})

    @override
    def abandon(self, key: str) -> None:
        with self._database.transaction() as transaction:
            transaction.run(self._abandon, {"of_key": key})

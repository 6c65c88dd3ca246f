"""API tokens in `api_token`: hashes, never tokens."""

import json

from sqlalchemy import bindparam, func, insert, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row
from adapters.sql.tables import api_token as table
from domain.api_tokens import ApiToken
from domain.ports import ApiTokenStore

_COLUMNS = (
    table.c.id,
    table.c.name,
    table.c.prefix,
    table.c.digest,
    table.c.grants,
    table.c.created_at,
    table.c.expires_at,
    table.c.last_used_at,
    table.c.revoked_at,
)


class SqlApiTokenStore(ApiTokenStore):
    """Looked up by the SHA-256 of what the caller shows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        known = table.c.id == bindparam("token_id")
        self._insert = database.prepare(insert(table))
        self._find = database.prepare(select(*_COLUMNS).where(table.c.digest == bindparam("of_digest")))
        self._list = database.prepare(select(*_COLUMNS).order_by(table.c.created_at, table.c.id))
        self._revoke = database.prepare(
            update(table).where(known).values(revoked_at=func.coalesce(table.c.revoked_at, bindparam("instant")))
        )
        self._used = database.prepare(update(table).where(known).values(last_used_at=bindparam("instant")))

    @override
    def add(self, token: ApiToken) -> None:
        with self._database.transaction() as transaction:
            transaction.run(
                self._insert,
                {
                    "id": token.id,
                    "name": token.name,
                    "prefix": token.prefix,
                    "digest": token.digest,
                    "grants": json.dumps(token.grants),
                    "created_at": token.created_at,
                    "expires_at": token.expires_at,
                    "last_used_at": token.last_used_at,
                    "revoked_at": token.revoked_at,
                },
            )

    @override
    def find(self, digest: bytes) -> ApiToken | None:
        row = self._database.one(self._find, {"of_digest": digest})
        return None if row is None else _token(row)

    @override
    def revoke(self, id: str, revoked_at: int) -> bool:
        with self._database.transaction() as transaction:
            return transaction.run(self._revoke, {"token_id": id, "instant": revoked_at}) > 0

    @override
    def mark_used(self, id: str, used_at: int) -> None:
        with self._database.transaction() as transaction:
            transaction.run(self._used, {"token_id": id, "instant": used_at})

    @override
    def list(self) -> list[ApiToken]:
        return [_token(row) for row in self._database.all(self._list)]


def _token(row: Row) -> ApiToken:
    token_id, name, prefix, digest, grants, created_at, expires_at, last_used_at, revoked_at = row
    return ApiToken(
        id=token_id,
        name=name,
        prefix=prefix,
        digest=digest,
        grants=tuple(json.loads(grants)),
        created_at=created_at,
        expires_at=expires_at,
        last_used_at=last_used_at,
        revoked_at=revoked_at,
    )

"""OAuth tokens in `operator_oauth_tokens`, both tokens sealed."""

import json
from uuid import uuid4

from sqlalchemy import bindparam, null, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row, Transaction
from adapters.sql.diagnosis import open_at
from adapters.sql.sealing import UseCount, context, sealing_transaction
from adapters.sql.tables import operator_oauth_tokens as table
from domain.errors import VersionConflict
from domain.oauth import OAuthToken
from domain.ports import Cipher, Clock, OAuthTokenStore, SealContext, Sealed
from domain.values import SecretValue, parse_forge

_NOTED = ("client_id", "account", "issued_at", "refresh_expires_at", "connected_at", "refreshed_at")
"""What is noted beside a token: the columns are called as its fields are."""

_COLUMNS = (
    table.c.forge_type,
    table.c.id,
    table.c.version,
    table.c.sealed_access_token,
    table.c.sealed_refresh_token,
    table.c.token_type,
    table.c.scopes,
    table.c.expires_at,
    table.c.base_url,
    table.c.updated_at,
    *(table.c[name] for name in _NOTED),
)
_KEPT = ("id", "created_at")


class SqlOAuthTokenStore(OAuthTokenStore):
    """One row a forge. A disconnected forge keeps its row, emptied, so that versions never start again."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._uses = UseCount(database, cipher)
        of_forge = table.c.forge_type == bindparam("forge")
        connected = select(*_COLUMNS).where(table.c.sealed_access_token.is_not(None))
        self._get = database.prepare(connected.where(of_forge))
        self._list = database.prepare(connected.order_by(table.c.forge_type))
        self._head = database.prepare(
            select(table.c.id, table.c.version, table.c.sealed_access_token.is_not(None)).where(of_forge)
        )
        insert = database.insert(table)
        sent = {c.name: insert.excluded[c.name] for c in table.c if c.name not in ("forge_type", *_KEPT)}
        self._upsert = database.prepare(insert.on_conflict_do_update(index_elements=["forge_type"], set_=sent))
        emptied = {"sealed_access_token": null(), "sealed_refresh_token": null(), "key_id": null()}
        self._empty = database.prepare(
            update(table).where(of_forge).values({**emptied, "updated_at": bindparam("now")})
        )

    @override
    def get(self, forge: str) -> OAuthToken | None:
        row = self._database.one(self._get, {"forge": forge})
        return None if row is None else self._token(row)

    @override
    def upsert(self, token: OAuthToken, *, expected_version: int | None = None) -> int:
        forge = parse_forge(token.forge_type)

        def store(transaction: Transaction) -> int:
            row_id, version, connected = self._find(transaction, forge)
            actual = version if connected else 0
            if expected_version is not None and expected_version != actual:
                raise VersionConflict(f"the {forge} token", expected=expected_version, actual=actual)
            self._write(transaction, row_id, version + 1, token)
            return version + 1

        return sealing_transaction(self._database, self._cipher, store)

    @override
    def delete(self, forge: str) -> bool:
        with self._database.transaction() as transaction:
            _, _, connected = self._find(transaction, forge)
            if connected:
                transaction.run(self._empty, {"forge": forge, "now": self._clock.now()})
        return connected

    @override
    def list(self) -> list[OAuthToken]:
        return [self._token(row) for row in self._database.all(self._list)]

    def _find(self, transaction: Transaction, forge: str) -> tuple[str, int, bool]:
        head = transaction.one(self._head, {"forge": forge})
        return (str(uuid4()), 0, False) if head is None else (head[0], head[1], bool(head[2]))

    def _write(self, transaction: Transaction, row_id: str, version: int, token: OAuthToken) -> None:
        now = self._clock.now()
        access = self._seal(token.access_token, row_id, version, "access_token", token.forge_type)
        refresh = token.refresh_token and self._seal(
            token.refresh_token, row_id, version, "refresh_token", token.forge_type
        )
        self._uses.add(transaction, access.key_id, 2 if refresh else 1)
        transaction.run(
            self._upsert,
            {
                "forge_type": token.forge_type,
                "id": row_id,
                "version": version,
                "key_id": access.key_id,
                "sealed_access_token": access.blob,
                "sealed_refresh_token": refresh.blob if refresh else None,
                "token_type": token.token_type,
                "scopes": None if token.scopes is None else json.dumps(token.scopes),
                "expires_at": token.expires_at,
                "base_url": token.base_url,
                "created_at": now,
                "updated_at": now,
                **{name: getattr(token, name) for name in _NOTED},
            },
        )

    def _seal(self, value: SecretValue, row_id: str, version: int, field: str, forge: str) -> Sealed:
        return self._cipher.seal(value.reveal().encode(), _context(row_id, version, field, forge))

    def _token(self, row: Row) -> OAuthToken:
        forge, row_id, version, access, refresh, token_type, scopes, expires_at, base_url, updated_at, *noted = row

        def opened(blob: bytes, field: str) -> SecretValue:
            place = _context(row_id, version, field, forge)
            return SecretValue(open_at(self._database, self._cipher, blob, place).decode())

        return OAuthToken(
            forge_type=forge,
            access_token=opened(access, "access_token"),
            refresh_token=None if refresh is None else opened(refresh, "refresh_token"),
            token_type=token_type,
            scopes=None if scopes is None else tuple(json.loads(scopes)),
            expires_at=expires_at,
            base_url=base_url,
            version=version,
            updated_at=updated_at,
            **dict(zip(_NOTED, noted, strict=True)),
        )


def _context(row_id: str, version: int, field: str, forge: str) -> SealContext:
    return context(table.c[f"sealed_{field}"], row_id, version, f"the {forge} {field}")

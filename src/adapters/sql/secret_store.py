"""Secrets in `secret` and `secret_version`, sealed before they are inserted."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, insert, null, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row, Transaction
from adapters.sql.diagnosis import open_at
from adapters.sql.sealing import UseCount, context, sealing_transaction
from adapters.sql.secret_heads import AT, AT_NEWEST_VERSION, AT_SAID_VERSION, NEWEST, head_fault
from adapters.sql.tables import secret, secret_version
from domain.errors import VersionConflict
from domain.instants import in_range
from domain.ports import Cipher, Clock, SealContext, SecretStore
from domain.secrets import Secret, SecretInfo
from domain.values import SecretValue, parse_secret_name, parse_secret_value

VERSIONS_KEPT = 10
"""How many versions of a secret stay, the current one included."""


class SqlSecretStore(SecretStore):
    """A row per secret, whose uuid and version a sealed value is bound to, and a row per version."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._uses = UseCount(database, cipher)
        named = secret.c.name == bindparam("secret_name")
        row = secret.c.id == bindparam("secret_id")
        stamps = (secret.c.created_at, secret.c.updated_at, secret.c.expires_at)
        live = secret.c.deleted_at.is_(None)
        self._get = database.prepare(
            select(secret.c.id, secret.c.version, *stamps, NEWEST, secret_version.c.sealed)
            .join_from(secret, secret_version, AT_SAID_VERSION, isouter=True)
            .where(named, live)
        )
        key_id = secret_version.c.key_id
        shown = (
            select(secret.c.name, func.coalesce(secret_version.c.version, secret.c.version), *stamps, key_id)
            .join_from(secret, secret_version, AT_NEWEST_VERSION, isouter=True)
            .where(live)
        )
        self._info = database.prepare(shown.where(named))
        self._list = database.prepare(shown.order_by(secret.c.name))
        self._head = database.prepare(select(secret.c.id, AT, secret.c.deleted_at).where(named))
        self._insert = database.prepare(insert(secret))
        self._insert_version = database.prepare(insert(secret_version))
        at_version: dict[str, object] = {
            "version": bindparam("new_version"),
            "updated_at": bindparam("now"),
            "expires_at": bindparam("expiry"),
        }
        self._advance = database.prepare(update(secret).where(row).values(at_version))
        self._revive = database.prepare(
            update(secret).where(row).values({**at_version, "created_at": bindparam("now"), "deleted_at": null()})
        )
        self._bury = database.prepare(update(secret).where(row).values(deleted_at=bindparam("now")))
        versions = secret_version.c.secret_id == bindparam("secret_id")
        newest_ones = select(secret_version.c.version).where(versions).order_by(secret_version.c.version.desc())
        self._forget = database.prepare(
            delete(secret_version).where(
                versions, secret_version.c.version.not_in(newest_ones.limit(bindparam("kept")))
            )
        )

    @override
    def get(self, name: str) -> Secret | None:
        row = self._database.one(self._get, {"secret_name": name})
        if row is None:
            return None
        secret_id, version, created_at, updated_at, expires_at, newest, sealed = row
        fault = head_fault(name, version, newest, is_whole=sealed is not None)
        if fault is not None:
            raise fault
        text = open_at(self._database, self._cipher, sealed, _context(name, secret_id, version)).decode()
        if expires_at is not None and self._clock.now() >= expires_at:
            return None
        return Secret(
            name=name,
            value=SecretValue(text),
            version=version,
            created_at=created_at,
            updated_at=updated_at,
        )

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        plaintext = parse_secret_value(parse_secret_name(name), value).reveal().encode()
        expiry = None if expires_at is None else in_range(expires_at)

        def store(transaction: Transaction) -> int:
            head = self._find(transaction, name, expected_version)
            self._write_head(transaction, name, head, expiry)
            self._write_version(transaction, name, head.id, head.version + 1, plaintext)
            return head.version + 1

        return sealing_transaction(self._database, self._cipher, store)

    @override
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        with self._database.transaction() as transaction:
            head = self._find(transaction, name, expected_version)
            if head.exists:
                transaction.run(self._bury, {"secret_id": head.id, "now": self._clock.now()})
        return head.exists

    @override
    def info(self, name: str) -> SecretInfo | None:
        row = self._database.one(self._info, {"secret_name": name})
        return None if row is None else _as_info(row)

    def _find(self, transaction: Transaction, name: str, expected_version: int | None) -> "_Head":
        """Return the secret's row, a new one if it has none; raises `VersionConflict`."""
        row = transaction.one(self._head, {"secret_name": name})
        if row is None:
            head = _Head(str(uuid4()), 0, exists=False, is_new=True)
        else:
            head = _Head(row[0], row[1], exists=row[2] is None, is_new=False)
        actual = head.version if head.exists else 0
        if expected_version is not None and expected_version != actual:
            raise VersionConflict(name, expected=expected_version, actual=actual)
        return head

    def _write_head(self, transaction: Transaction, name: str, head: "_Head", expiry: int | None) -> None:
        now = self._clock.now()
        if head.is_new:
            row = {"id": head.id, "name": name, "version": 1, "created_at": now, "updated_at": now}
            transaction.run(self._insert, {**row, "deleted_at": None, "expires_at": expiry})
        else:
            advance = self._advance if head.exists else self._revive
            at_version = {"new_version": head.version + 1, "now": now, "expiry": expiry}
            transaction.run(advance, {"secret_id": head.id, **at_version})

    def _write_version(
        self, transaction: Transaction, name: str, secret_id: str, version: int, plaintext: bytes
    ) -> None:
        sealed = self._cipher.seal(plaintext, _context(name, secret_id, version))
        self._uses.add(transaction, sealed.key_id)
        transaction.run(
            self._insert_version,
            {
                "secret_id": secret_id,
                "version": version,
                "key_id": sealed.key_id,
                "sealed": sealed.blob,
                "created_at": self._clock.now(),
                "destroyed_at": None,
            },
        )
        transaction.run(self._forget, {"secret_id": secret_id, "kept": VERSIONS_KEPT})

    @override
    def list(self) -> list[SecretInfo]:
        return [_as_info(row) for row in self._database.all(self._list)]


@dataclass(frozen=True, slots=True)
class _Head:
    """A secret's row: its id, its newest version, and whether the secret is there now, or the row has yet to be."""

    id: str
    version: int
    exists: bool
    is_new: bool


def _as_info(row: Row) -> SecretInfo:
    name, version, created_at, updated_at, expires_at, key_id = row
    return SecretInfo(
        name=name,
        version=version,
        created_at=created_at,
        updated_at=updated_at,
        key_id=key_id,
        expires_at=expires_at,
    )


def _context(name: str, secret_id: str, version: int) -> SealContext:
    return context(secret_version.c.sealed, secret_id, version, f"the secret {name}")

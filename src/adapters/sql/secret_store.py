"""Secrets in `secret` and `secret_version`, sealed before they are inserted."""

from uuid import uuid4

from sqlalchemy import bindparam, delete, insert, null, select, update
from typing_extensions import override

from adapters.sql.database import Database, Transaction
from adapters.sql.sealing import UseCount, context
from adapters.sql.tables import secret, secret_version
from domain.errors import VersionConflict
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
        self._uses = UseCount(database)
        named = secret.c.name == bindparam("secret_name")
        row = secret.c.id == bindparam("secret_id")
        current = (
            select()
            .select_from(secret)
            .join(secret_version)
            .where(secret_version.c.version == secret.c.version, secret.c.deleted_at.is_(None))
        )
        stamps = (secret.c.version, secret.c.created_at, secret.c.updated_at)
        self._get = database.prepare(current.add_columns(secret.c.id, *stamps, secret_version.c.sealed).where(named))
        self._list = database.prepare(
            current.add_columns(secret.c.name, *stamps, secret_version.c.key_id).order_by(secret.c.name)
        )
        self._head = database.prepare(select(secret.c.id, secret.c.version, secret.c.deleted_at).where(named))
        self._insert = database.prepare(insert(secret))
        self._insert_version = database.prepare(insert(secret_version))
        at_version: dict[str, object] = {"version": bindparam("new_version"), "updated_at": bindparam("now")}
        self._advance = database.prepare(update(secret).where(row).values(at_version))
        self._revive = database.prepare(
            update(secret).where(row).values({**at_version, "created_at": bindparam("now"), "deleted_at": null()})
        )
        self._bury = database.prepare(update(secret).where(row).values(deleted_at=bindparam("now")))
        versions = secret_version.c.secret_id == bindparam("secret_id")
        self._forget = database.prepare(
            delete(secret_version).where(versions, secret_version.c.version <= bindparam("up_to"))
        )

    @override
    def get(self, name: str) -> Secret | None:
        row = self._database.one(self._get, {"secret_name": name})
        if row is None:
            return None
        secret_id, version, created_at, updated_at, sealed = row
        text = self._cipher.open(sealed, _context(name, secret_id, version)).decode()
        return Secret(
            name=name,
            value=SecretValue(text),
            version=version,
            created_at=created_at,
            updated_at=updated_at,
        )

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None) -> int:
        plaintext = parse_secret_value(parse_secret_name(name), value).reveal().encode()
        with self._database.transaction() as transaction:
            secret_id, version, exists = self._find(transaction, name)
            actual = version if exists else 0
            if expected_version is not None and expected_version != actual:
                raise VersionConflict(name, expected=expected_version, actual=actual)
            self._write_head(transaction, name, secret_id, version, exists=exists)
            self._write_version(transaction, name, secret_id, version + 1, plaintext)
        return version + 1

    @override
    def delete(self, name: str) -> bool:
        with self._database.transaction() as transaction:
            secret_id, version, exists = self._find(transaction, name)
            if exists:
                transaction.run(self._forget, {"secret_id": secret_id, "up_to": version})
                transaction.run(self._bury, {"secret_id": secret_id, "now": self._clock.now()})
        return exists

    @override
    def list(self) -> list[SecretInfo]:
        return [
            SecretInfo(name=name, version=version, created_at=created_at, updated_at=updated_at, key_id=key_id)
            for name, version, created_at, updated_at, key_id in self._database.all(self._list)
        ]

    def _find(self, transaction: Transaction, name: str) -> tuple[str, int, bool]:
        """Return row id, newest version ever and whether the secret is there now."""
        head = transaction.one(self._head, {"secret_name": name})
        if head is None:
            return str(uuid4()), 0, False
        secret_id, version, deleted_at = head
        return secret_id, version, deleted_at is None

    def _write_head(self, transaction: Transaction, name: str, secret_id: str, version: int, *, exists: bool) -> None:
        now = self._clock.now()
        if version == 0:
            row = {"id": secret_id, "name": name, "version": 1, "created_at": now, "updated_at": now}
            transaction.run(self._insert, {**row, "deleted_at": None})
        else:
            advance = self._advance if exists else self._revive
            transaction.run(advance, {"secret_id": secret_id, "new_version": version + 1, "now": now})

    def _write_version(
        self, transaction: Transaction, name: str, secret_id: str, version: int, plaintext: bytes
    ) -> None:
        sealed = self._cipher.seal(plaintext, _context(name, secret_id, version))
        transaction.run(
            self._insert_version,
            {
                "secret_id": secret_id,
                "version": version,
                "key_id": sealed.key_id,
                "sealed": sealed.blob,
                "created_at": self._clock.now(),
            },
        )
        self._uses.add(transaction, sealed.key_id)
        transaction.run(self._forget, {"secret_id": secret_id, "up_to": version - VERSIONS_KEPT})


def _context(name: str, secret_id: str, version: int) -> SealContext:
    return context(secret_version.c.sealed, secret_id, version, f"the secret {name}")

"""Versions of secrets in `secret_version`: read, destroyed, brought back, looked through."""

from collections.abc import Collection

from sqlalchemy import bindparam, null, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row, Transaction
from adapters.sql.diagnosis import open_at
from adapters.sql.erasing import erase_traces
from adapters.sql.sealing import context
from adapters.sql.secret_damage import SecretDamage
from adapters.sql.secret_heads import AT, NEWEST, head_fault
from adapters.sql.tables import secret, secret_version
from domain.errors import Conflict
from domain.ports import Cipher, Clock, SecretHistory
from domain.secrets import DamagedVersion, Secret, SecretVersion
from domain.values import SecretValue

_SHOWN = (
    secret.c.name,
    secret_version.c.version,
    secret_version.c.created_at,
    secret_version.c.destroyed_at,
    secret_version.c.key_id,
    secret_version.c.version == AT,
    secret.c.deleted_at,
    secret.c.expires_at,
)


class SqlSecretHistory(SecretHistory):
    """Reads the rows that `SqlSecretStore` writes. A destroyed version keeps its row, without value and key."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        rows = select().select_from(secret).join(secret_version)
        named, at = secret.c.name == bindparam("secret_name"), secret_version.c.version == bindparam("at_version")
        newest = secret_version.c.version == AT
        self._damage = SecretDamage(database, cipher)
        self._versions = database.prepare(
            rows.add_columns(*_SHOWN).where(named).order_by(secret_version.c.version.desc())
        )
        self._deleted = database.prepare(
            rows.add_columns(*_SHOWN).where(newest, secret.c.deleted_at.is_not(None)).order_by(secret.c.name)
        )
        self._find = database.prepare(
            rows.add_columns(
                secret.c.id,
                secret.c.created_at,
                secret_version.c.created_at,
                newest,
                secret.c.deleted_at,
                secret.c.expires_at,
                secret_version.c.sealed,
            ).where(named, at)
        )
        self._newest = database.prepare(
            rows.add_columns(secret.c.id, secret.c.version, NEWEST, secret_version.c.sealed.is_not(None)).where(
                named, newest, secret.c.deleted_at.is_not(None)
            )
        )
        one = secret_version.c.secret_id == bindparam("of_secret")
        emptied = {"sealed": null(), "key_id": null(), "destroyed_at": bindparam("now")}
        self._empty = database.prepare(
            update(secret_version).where(one, at, secret_version.c.destroyed_at.is_(None)).values(emptied)
        )
        self._revive = database.prepare(
            update(secret).where(secret.c.id == bindparam("of_secret")).values(deleted_at=null())
        )

    @override
    def versions(self, name: str) -> list[SecretVersion]:
        return [_version(row) for row in self._database.all(self._versions, {"secret_name": name})]

    @override
    def get_version(self, name: str, version: int) -> Secret | None:
        row = self._database.one(self._find, {"secret_name": name, "at_version": version})
        if row is None:
            return None
        secret_id, created_at, written_at, newest, _, expires_at, sealed = row
        if sealed is None:
            return None
        subject = f"version {version} of the secret {name}"
        place = context(secret_version.c.sealed, secret_id, version, subject)
        text = open_at(self._database, self._cipher, sealed, place).decode()
        if newest and expires_at is not None and self._clock.now() >= expires_at:
            return None
        return Secret(name=name, value=SecretValue(text), version=version, created_at=created_at, updated_at=written_at)

    @override
    def destroy_many(self, versions: Collection[tuple[str, int]]) -> int:
        with self._database.transaction() as transaction:
            there = sum(self._emptied(transaction, name, version) for name, version in versions)
        if there:
            erase_traces(self._database)
        return there

    def _emptied(self, transaction: Transaction, name: str, version: int) -> bool:
        row = transaction.one(self._find, {"secret_name": name, "at_version": version})
        if row is None:
            return False
        secret_id, _, _, newest, deleted_at, _, _ = row
        if newest and deleted_at is None:
            raise Conflict(
                f"version {version} is what {name} holds now", advice="set another value, or delete it, first"
            )
        transaction.run(self._empty, {"of_secret": secret_id, "at_version": version, "now": self._clock.now()})
        return True

    @override
    def undelete(self, name: str) -> int | None:
        with self._database.transaction() as transaction:
            row = transaction.one(self._newest, {"secret_name": name})
            if row is None:
                return None
            secret_id, version, newest, is_whole = row
            if newest == version and not is_whole:
                raise Conflict(
                    f"the newest version of {name}, {version}, was destroyed",
                    advice=f"roll back to another: `strongroom secrets history {name}` lists them",
                )
            fault = head_fault(name, version, newest, is_whole=True)
            if fault is not None:
                raise fault
            transaction.run(self._revive, {"of_secret": secret_id})
        return int(version)

    @override
    def deleted(self) -> list[SecretVersion]:
        return [_version(row) for row in self._database.all(self._deleted)]

    @override
    def find_damage(self, *, current_only: bool = False) -> list[DamagedVersion]:
        return self._damage.find(current_only=current_only)


def _version(row: Row) -> SecretVersion:
    name, version, created_at, destroyed_at, key_id, newest, deleted_at, expires_at = row
    return SecretVersion(
        name=name,
        version=version,
        created_at=created_at,
        destroyed_at=destroyed_at,
        key_id=key_id,
        current=bool(newest) and deleted_at is None,
        deleted_at=deleted_at,
        expires_at=expires_at if newest else None,
    )

"""Secrets that are not as they were written: every version is opened, and every secret's row compared with them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, select

from adapters.sql.database import Database
from adapters.sql.diagnosis import Unopened, diagnose
from adapters.sql.sealing import context
from adapters.sql.secret_heads import AT, faulty_heads
from adapters.sql.tables import secret, secret_version
from domain.errors import Integrity
from domain.ports import Cipher, SealContext
from domain.secrets import DamagedVersion


@dataclass(frozen=True, slots=True)
class _UnopenedVersion:
    name: str
    current: bool
    value: Unopened


class SecretDamage:
    """One walk through the versions; the causes are sought in another."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher
        current = and_(secret_version.c.version == AT, secret.c.deleted_at.is_(None))
        every = (
            select(secret.c.name, secret.c.id, secret_version.c.version, current, secret_version.c.sealed)
            .join_from(secret, secret_version)
            .where(secret_version.c.sealed.is_not(None))
        )
        self._every = database.prepare(every)
        self._current = database.prepare(every.where(current))

    def find(self, *, current_only: bool) -> list[DamagedVersion]:
        """Return what `SecretHistory.find_damage` does."""
        unopened = list(self._unopened(current_only=current_only))
        errors = diagnose(self._database, self._cipher, [each.value for each in unopened])
        found = [
            _damaged(each.name, each.value.place.version, error, current=each.current)
            for each, error in zip(unopened, errors, strict=True)
        ]
        heads = faulty_heads(self._database)
        found += [_damaged(head.name, head.version, head.error, current=True, in_row=True) for head in heads]
        return sorted(found, key=lambda damage: (damage.name, -damage.version))

    def _unopened(self, *, current_only: bool) -> Iterator[_UnopenedVersion]:
        with self._database.stream(self._current if current_only else self._every) as rows:
            for name, secret_id, version, current, sealed in rows:
                place = context(secret_version.c.sealed, secret_id, version, f"version {version} of the secret {name}")
                error = self._error(sealed, place)
                if error is not None:
                    yield _UnopenedVersion(name, bool(current), Unopened(sealed, place, error))

    def _error(self, sealed: bytes, place: SealContext) -> Integrity | None:
        try:
            self._cipher.open(sealed, place)
        except Integrity as error:
            return error
        return None


def _damaged(name: str, version: int, error: Integrity, *, current: bool, in_row: bool = False) -> DamagedVersion:
    return DamagedVersion(
        name=name,
        version=version,
        current=current,
        cause=error.cause,
        message=error.message,
        advice=error.advice,
        in_row=in_row,
    )

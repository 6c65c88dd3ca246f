"""A secret's row says at which version it is. Nothing seals that, so it is compared with what is stored."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, func, select

from adapters.sql.database import Database
from adapters.sql.tables import secret, secret_version
from domain.errors import Tampered

_version = secret_version.alias("any_version")

NEWEST = select(func.max(_version.c.version)).where(_version.c.secret_id == secret.c.id).scalar_subquery()
"""The newest version of a row of `secret`, NULL if none is stored: one step down the primary key."""

AT = func.coalesce(NEWEST, secret.c.version)
"""The version that a secret is at, whatever its row says."""

AT_SAID_VERSION = and_(secret_version.c.secret_id == secret.c.id, secret_version.c.version == secret.c.version)
"""Joins a secret with the version that its row names; the join must be an outer one."""

AT_NEWEST_VERSION = and_(secret_version.c.secret_id == secret.c.id, secret_version.c.version == NEWEST)
"""Joins a secret with its newest version; the join must be an outer one."""


@dataclass(frozen=True, slots=True)
class FaultyHead:
    """A secret whose row cannot be believed; `version` is where the secret is."""

    row_id: str
    name: str
    version: int
    error: Tampered


def head_fault(name: str, said: int, newest: int | None, *, is_whole: bool) -> Tampered | None:
    """Return what is wrong with a row that says version `said`; None if nothing is.

    `is_whole` tells whether that version has a value: the current one is never destroyed.
    """
    if said == newest and is_whole:
        return None
    if said == newest:
        what = f"its version {said} was destroyed"
    elif newest is None:
        what = f"it is said to be at version {said}, which is missing, and no other is stored"
    elif said > newest:
        what = f"it is said to be at version {said}, which is missing; the newest that is stored is {newest}"
    else:
        what = f"it is said to be at version {said}, and its newest is {newest}"
    return Tampered(
        f"the row of the secret {name} was changed: {what}",
        advice="find out who wrote into the database; then set the value again, or roll back to the version you want",
    )


def faulty_heads(database: Database) -> Iterator[FaultyHead]:
    """Find the secrets that are not where their rows say; deleted ones are found when they are brought back."""
    is_whole = secret_version.c.sealed.is_not(None)
    query = (
        select(secret.c.id, secret.c.name, secret.c.version, NEWEST, is_whole)
        .join_from(secret, secret_version, AT_SAID_VERSION, isouter=True)
        .where(secret.c.deleted_at.is_(None))
        .order_by(secret.c.name)
    )
    with database.stream(database.prepare(query)) as rows:
        for row_id, name, said, newest, whole in rows:
            error = head_fault(name, said, newest, is_whole=bool(whole))
            if error is not None:
                yield FaultyHead(row_id, name, said if newest is None else newest, error)

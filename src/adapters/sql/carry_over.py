"""What a restore leaves as it is now: what tells of the present, and is not the state that was saved."""

from contextlib import suppress

from sqlalchemy import BindParameter, bindparam, case, delete, insert, select, update

from adapters.sql.database import Database
from adapters.sql.tables import api_token, data_key, job, lease
from domain.errors import DatabaseUnusable, Integrity

_OF_NOW = (lease, job)
"""Who is at work just now, and how the jobs went: of the service, whatever it holds."""


def carry_over(live: Database, staged: Database) -> None:
    """Let `staged` say of these what `live` says; what `live` has no table for, or cannot be read, is left out."""
    keep_what_only_grows(live, staged)
    for table in _OF_NOW:
        with suppress(Integrity, DatabaseUnusable):
            rows = live.all(live.prepare(select(*table.c)))
            with staged.transaction() as transaction:
                transaction.run(staged.prepare(delete(table)))
                put = staged.prepare(insert(table))
                for row in rows:
                    transaction.run(put, dict(zip(table.c.keys(), row, strict=True)))


def keep_what_only_grows(former: Database, current: Database) -> None:
    """Let `current` say no less than `former`; may be called again.

    A data key is used no less often than it was (SP 800-38D, section 8.3, counts the invocations), and an
    API token that was revoked is not good again.
    """
    with suppress(Integrity, DatabaseUnusable):
        _keep_uses(former, current)
    with suppress(Integrity, DatabaseUnusable):
        _keep_revocations(former, current)


def _keep_uses(former: Database, current: Database) -> None:
    uses = former.all(former.prepare(select(data_key.c.id, data_key.c.uses)))
    more: BindParameter[int] = bindparam("so_many")
    count = current.prepare(
        update(data_key)
        .where(data_key.c.id == bindparam("of_id"))
        .values(uses=case((data_key.c.uses < more, more), else_=data_key.c.uses))
    )
    with current.transaction() as transaction:
        for key_id, number in uses:
            transaction.run(count, {"of_id": key_id, "so_many": number})


def _keep_revocations(former: Database, current: Database) -> None:
    revoked = former.all(
        former.prepare(select(api_token.c.id, api_token.c.revoked_at).where(api_token.c.revoked_at.is_not(None)))
    )
    revoke = current.prepare(
        update(api_token)
        .where(api_token.c.id == bindparam("of_id"), api_token.c.revoked_at.is_(None))
        .values(revoked_at=bindparam("at"))
    )
    with current.transaction() as transaction:
        for token_id, at in revoked:
            transaction.run(revoke, {"of_id": token_id, "at": at})

"""What a restore leaves as it is now: what tells of the present, and is not the state that was saved."""

from sqlalchemy import BindParameter, bindparam, case, delete, insert, select, update

from adapters.sql.database import Database
from adapters.sql.tables import api_token, data_key, job, lease

_OF_NOW = (lease, job)
"""Who is at work just now, and how the jobs went: of the service, whatever it holds."""


def carry_over(live: Database, staged: Database) -> None:
    """Let `staged` say of these what `live` says, in one transaction. Raises what reading `live` does.

    A data key is used no less often than it was (SP 800-38D, section 8.3, counts the invocations), and an
    API token that was revoked is not good again.
    """
    uses = live.all(live.prepare(select(data_key.c.id, data_key.c.uses)))
    revoked = live.all(
        live.prepare(select(api_token.c.id, api_token.c.revoked_at).where(api_token.c.revoked_at.is_not(None)))
    )
    more: BindParameter[int] = bindparam("so_many")
    count = staged.prepare(
        update(data_key)
        .where(data_key.c.id == bindparam("of_id"))
        .values(uses=case((data_key.c.uses < more, more), else_=data_key.c.uses))
    )
    revoke = staged.prepare(
        update(api_token)
        .where(api_token.c.id == bindparam("of_id"), api_token.c.revoked_at.is_(None))
        .values(revoked_at=bindparam("at"))
    )
    with staged.transaction() as transaction:
        for key_id, number in uses:
            transaction.run(count, {"of_id": key_id, "so_many": number})
        for token_id, at in revoked:
            transaction.run(revoke, {"of_id": token_id, "at": at})
        for table in _OF_NOW:
            transaction.run(staged.prepare(delete(table)))
            put = staged.prepare(insert(table))
            for row in live.all(live.prepare(select(*table.c))):
                transaction.run(put, dict(zip(table.c.keys(), row, strict=True)))

"""Authorizations under way, in `oauth_authorization`; verifier and answer are sealed."""

from uuid import uuid4

from sqlalchemy import bindparam, delete, insert, select, update
from typing_extensions import override

from adapters.sql.database import Database, Row, Transaction
from adapters.sql.diagnosis import open_at
from adapters.sql.sealing import UseCount, context, sealing_transaction
from adapters.sql.tables import oauth_authorization as table
from domain.connections import PendingAuthorization
from domain.ports import Cipher, Clock, PendingAuthorizations, SealContext
from domain.values import SecretValue

_VERSION = 1
"""A row is written once; the answer is a field of its own."""

_PLAIN = (
    "state_digest",
    "base_url",
    "client_id",
    "redirect_uri",
    "starter_digest",
    "actor",
    "expires_at",
)
"""The columns that are called as the fields of an authorization are, and hold the same."""

_SEALED = (table.c.forge_type, table.c.id, table.c.version, table.c.sealed_verifier, table.c.sealed_answer)
_COLUMNS = (*_SEALED, table.c.at_terminal, *(table.c[name] for name in _PLAIN))


class SqlPendingAuthorizations(PendingAuthorizations):
    """A row an authorization."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._uses = UseCount(database, cipher)
        alive = (table.c.state_digest == bindparam("digest"), table.c.expires_at > bindparam("now"))
        theirs = (table.c.forge_type == bindparam("forge"), table.c.starter_digest == bindparam("starter"))
        self._insert = database.prepare(insert(table))
        self._forget = database.prepare(delete(table).where(table.c.expires_at <= bindparam("now")))
        self._find = database.prepare(select(*_COLUMNS).where(*alive))
        self._take = database.prepare(delete(table).where(*alive, *theirs).returning(*_COLUMNS))
        self._awaited = database.prepare(select(*_SEALED).where(*alive, table.c.at_terminal == 1))
        self._hand_over = database.prepare(
            update(table)
            .where(table.c.state_digest == bindparam("digest"))
            .values(
                key_id=bindparam("new_key"),
                sealed_verifier=bindparam("new_verifier"),
                sealed_answer=bindparam("new_answer"),
            )
        )

    @override
    def add(self, pending: PendingAuthorization) -> None:
        plain = {name: getattr(pending, name) for name in _PLAIN}

        def store(transaction: Transaction) -> None:
            now, row_id = self._clock.now(), str(uuid4())
            place = _place("verifier", pending.forge, row_id, _VERSION)
            sealed = self._cipher.seal(pending.verifier.reveal().encode(), place)
            transaction.run(self._forget, {"now": now})
            self._uses.add(transaction, sealed.key_id)
            transaction.run(
                self._insert,
                {
                    **plain,
                    "id": row_id,
                    "version": _VERSION,
                    "forge_type": pending.forge,
                    "at_terminal": int(pending.at_terminal),
                    "key_id": sealed.key_id,
                    "sealed_verifier": sealed.blob,
                    "sealed_answer": None,
                    "created_at": now,
                },
            )

        sealing_transaction(self._database, self._cipher, store)

    @override
    def find(self, state_digest: str) -> PendingAuthorization | None:
        row = self._database.one(self._find, self._alive(state_digest))
        return None if row is None else self._pending(row)

    @override
    def take(self, state_digest: str, *, forge: str, starter_digest: str) -> PendingAuthorization | None:
        if self._database.one(self._find, self._alive(state_digest)) is None:
            return None  # whoever guesses does not keep writers waiting
        theirs = {"forge": forge, "starter": starter_digest}
        with self._database.transaction() as transaction:
            row = transaction.one(self._take, {**self._alive(state_digest), **theirs})
        return None if row is None else self._pending(row)

    @override
    def hand_over(self, state_digest: str, answer: SecretValue) -> bool:
        def lay_down(transaction: Transaction) -> bool:
            row = transaction.one(self._awaited, self._alive(state_digest))
            if row is not None and row[-1] is None:
                self._write_answer(transaction, state_digest, row, answer)
            return row is not None

        return sealing_transaction(self._database, self._cipher, lay_down)

    @override
    def answer_to(self, state_digest: str) -> SecretValue | None:
        row = self._database.one(self._find, self._alive(state_digest))
        if row is None:
            return None
        forge, row_id, version, _, answer, *_ = row
        return None if answer is None else self._opened(answer, _place("answer", forge, row_id, version))

    def _alive(self, state_digest: str) -> dict[str, object]:
        return {"digest": state_digest, "now": self._clock.now()}

    def _write_answer(self, transaction: Transaction, state_digest: str, row: Row, answer: SecretValue) -> None:
        """Seal the verifier again with the answer: all values of a row are under the one key that it names."""
        forge, row_id, version, verifier, _ = row
        places = [_place(field, forge, row_id, version) for field in ("verifier", "answer")]
        values = (self._opened(verifier, places[0]), answer)
        sealed = [
            self._cipher.seal(value.reveal().encode(), place) for value, place in zip(values, places, strict=True)
        ]
        self._uses.add(transaction, sealed[0].key_id, 2)
        transaction.run(
            self._hand_over,
            {
                "digest": state_digest,
                "new_key": sealed[0].key_id,
                "new_verifier": sealed[0].blob,
                "new_answer": sealed[1].blob,
            },
        )

    def _pending(self, row: Row) -> PendingAuthorization:
        forge, row_id, version, verifier, _, at_terminal, *plain = row
        return PendingAuthorization(
            forge=forge,
            verifier=self._opened(verifier, _place("verifier", forge, row_id, version)),
            at_terminal=bool(at_terminal),
            **dict(zip(_PLAIN, plain, strict=True)),
        )

    def _opened(self, blob: bytes, place: SealContext) -> SecretValue:
        return SecretValue(open_at(self._database, self._cipher, blob, place).decode())


def _place(field: str, forge: str, row_id: str, version: int) -> SealContext:
    return context(table.c[f"sealed_{field}"], row_id, version, f"the {field} of an authorization at {forge}")

"""Events in `audit_event`, each chained to the one before; where the chain ends and begins in `audit_checkpoint`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select
from typing_extensions import override

from adapters.sql.database import Database, Transaction
from adapters.sql.statements import Statement
from adapters.sql.tables import audit_checkpoint as checkpoint
from adapters.sql.tables import audit_event as table
from domain.audit import BEGINNING, HEAD, TAIL, Action, AuditEvent, Checkpoint, event_behind, faults_in
from domain.errors import DomainError, Integrity
from domain.ports import AuditLog, Cipher, Clock

_COLUMNS = tuple(table.c)
_FIELDS = tuple(column.name for column in _COLUMNS)


class SqlAuditLog(AuditLog):
    """A row an event. The row `head` vouches for the newest event, so that cutting it off is noticed."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._insert = database.prepare(insert(table))
        upsert = database.insert(checkpoint)
        sent = {name: upsert.excluded[name] for name in ("sequence", "chain", "mac")}
        self._move = database.prepare(upsert.on_conflict_do_update(index_elements=["name"], set_=sent))
        self._checkpoint = database.prepare(
            select(checkpoint.c.sequence, checkpoint.c.chain, checkpoint.c.mac).where(
                checkpoint.c.name == bindparam("of_name")
            )
        )
        self._any = database.prepare(select(table.c.sequence).limit(1))
        self._walk = database.prepare(select(*_COLUMNS).order_by(table.c.sequence))
        self._chain_at = database.prepare(select(table.c.chain).where(table.c.sequence == bindparam("at_sequence")))
        old = _older_than(bindparam("instant"))
        self._count_old = database.prepare(select(func.count()).select_from(table).where(old))
        self._last_old = database.prepare(
            select(table.c.sequence, table.c.chain).where(old).order_by(table.c.sequence.desc()).limit(1)
        )
        self._delete = database.prepare(delete(table).where(table.c.sequence <= bindparam("up_to")))
        self._lists: dict[frozenset[str], Statement] = {}

    @override
    def has_begun(self) -> bool:
        return self._database.one(self._checkpoint, {"of_name": HEAD}) is not None

    @override
    def begin(self) -> None:
        with self._database.transaction() as transaction:
            if transaction.one(self._any) is None:
                self._put(transaction, HEAD, BEGINNING)
                self._put(transaction, TAIL, BEGINNING)

    @override
    def check(self) -> None:
        self._trusted_head()

    @override
    def record(
        self, actor: str, action: Action, subject: str, *, outcome: str = "ok", detail: str | None = None
    ) -> AuditEvent:
        with self._database.transaction() as transaction:
            event = event_behind(
                self._trusted_head(),
                at=self._clock.now(),
                actor=actor,
                action=action,
                subject=subject,
                outcome=outcome,
                detail=detail,
                chained=self._chained,
            )
            transaction.run(self._insert, {**asdict(event), "action": str(action)})
            self._put(transaction, HEAD, event.place)
        return event

    @override
    @contextmanager
    def atomic(self) -> Iterator[None]:
        with self._database.transaction():
            yield

    @override
    def head(self) -> Checkpoint:
        return self._read(HEAD)[0]

    @override
    def verify(self, *, known: Checkpoint | None = None) -> list[str]:
        found: list[str] = []
        with self._database.snapshot():
            if not self.has_begun():
                found.append("the head checkpoint is missing: the log, or all of it but its events, was removed")
            tail, head = self._vouched(TAIL, found), self._vouched(HEAD, found)
            try:
                with self._database.stream(self._walk) as rows:
                    events = (AuditEvent(**dict(zip(_FIELDS, row, strict=True))) for row in rows)
                    found += faults_in(events, tail=tail, head=head, chained=self._chained)
            except DomainError as error:
                found.append(f"the events cannot be read to their end: {error.message}")
            if known is not None and not self._holds(known, tail):
                found.append(f"event {known.sequence}, known as {known.chain}, is not part of the log")
        return found

    @override
    def count_before(self, before: int) -> int:
        row = self._database.one(self._count_old, {"instant": before})
        return int(row[0]) if row else 0

    @override
    def prune(self, before: int) -> int:
        if self._database.one(self._last_old, {"instant": before}) is None:
            return 0
        with self._database.transaction() as transaction:
            last = transaction.one(self._last_old, {"instant": before})
            if last is None:
                return 0
            tail = Checkpoint(sequence=last[0], chain=last[1])
            gone = transaction.run(self._delete, {"up_to": tail.sequence})
            self._put(transaction, TAIL, tail)
            if transaction.one(self._any) is None:
                self._put(transaction, HEAD, tail)
        return gone

    def _trusted_head(self) -> Checkpoint:
        """Return the head. One that nobody vouches for would, moved on, hide what was done to the log."""
        head, vouched = self._read(HEAD)
        if not vouched or not self.has_begun() or (head == BEGINNING and not self._is_empty()):
            raise Integrity(
                "the audit log was changed from outside: its head is not what was recorded last",
                advice="`strongroom audit verify` says what is wrong; docs/audit.md says how to go on",
            )
        return head

    def _is_empty(self) -> bool:
        return self._read(TAIL)[0] == BEGINNING and self._database.one(self._any) is None

    def _read(self, name: str) -> tuple[Checkpoint, bool]:
        """Return a checkpoint, the beginning if there is none, and whether its keyed hash vouches for it."""
        row = self._database.one(self._checkpoint, {"of_name": name})
        if row is None:
            return BEGINNING, True
        found = Checkpoint(sequence=row[0], chain=row[1])
        return found, row[2] == self._mac(name, found)

    def _vouched(self, name: str, faults: list[str]) -> Checkpoint:
        found, vouched = self._read(name)
        if not vouched:
            faults.append(f"the {name} checkpoint, at event {found.sequence}, was changed")
        return found

    def _holds(self, known: Checkpoint, tail: Checkpoint) -> bool:
        """Tell whether an earlier head is in the chain, as far as its event has not been pruned."""
        if known.sequence < tail.sequence:
            return True
        if known.sequence == tail.sequence:
            return known == tail
        return self._database.one(self._chain_at, {"at_sequence": known.sequence}) == (known.chain,)

    def _put(self, transaction: Transaction, name: str, place: Checkpoint) -> None:
        transaction.run(self._move, {**asdict(place), "name": name, "mac": self._mac(name, place)})

    def _mac(self, name: str, place: Checkpoint) -> str:
        return self._cipher.digest("audit checkpoint", place.stamp(name))

    def _chained(self, event: AuditEvent, previous: str) -> str:
        return self._cipher.digest("audit event", event.link(previous))

    @override
    def list(
        self,
        *,
        action: Action | None = None,
        actor: str | None = None,
        subject: str | None = None,
        since: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditEvent]:
        given = {
            "of_action": None if action is None else str(action),
            "of_actor": actor,
            "of_subject": subject,
            "since": since,
            "below": before,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        rows = self._database.all(self._listing(frozenset(asked)), {**asked, "most": limit})
        return [AuditEvent(**dict(zip(_FIELDS, row, strict=True))) for row in rows]

    def _listing(self, asked: frozenset[str]) -> Statement:
        """Return the statement for these filters; each set of them has its own, so that an index can serve it."""
        if asked not in self._lists:
            conditions = [_FILTERS[name] for name in sorted(asked)]
            query = select(*_COLUMNS).where(*conditions).order_by(table.c.sequence.desc()).limit(bindparam("most"))
            self._lists[asked] = self._database.prepare(query)
        return self._lists[asked]


_FILTERS: dict[str, ColumnElement[bool]] = {
    "of_action": table.c.action == bindparam("of_action"),
    "of_actor": table.c.actor == bindparam("of_actor"),
    "of_subject": table.c.subject == bindparam("of_subject"),
    "since": table.c.at >= bindparam("since"),
    "below": table.c.sequence < bindparam("below"),
}


def _older_than(instant: ColumnElement[int]) -> ColumnElement[bool]:
    """Events up to the first that is not old: what goes is one piece, whatever the clock has done."""
    first_kept = select(func.min(table.c.sequence)).where(table.c.at >= instant).scalar_subquery()
    return or_(first_kept.is_(None), table.c.sequence < first_kept)

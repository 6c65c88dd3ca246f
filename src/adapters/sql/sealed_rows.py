"""All sealed values, whatever table they are in: counted, verified, and sealed again under the active key."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from typing_extensions import override

from adapters.sql.database import Database, Row
from adapters.sql.diagnosis import Unopened, diagnose
from adapters.sql.resealing import Resealing
from adapters.sql.sealed_places import SealedColumn, all_sealed_columns, count_values
from adapters.sql.sealing import context, sealed_tables
from adapters.sql.secret_heads import FaultyHead, faulty_heads
from adapters.sql.tables import secret
from domain.errors import Integrity, Tampered
from domain.ports import Cipher, Damage, SealContext, SealedRows

_REPORTED_EVERY = 512


class SqlSealedRows(SealedRows):
    """Works on whatever columns the table metadata declares as sealed."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher
        self._tables = [Resealing(database, cipher, table) for table in sealed_tables()]

    @override
    def count_by_key(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for table in self._tables:
            counts.update(table.count_by_key())
        return dict(counts)

    @override
    def reseal(self, key_id: str, *, limit: int) -> int:
        return next(filter(None, (table.reseal(key_id, limit) for table in self._tables)), 0)

    @override
    def verify(self, *, on_progress: Callable[[int, int], None] | None = None) -> list[Damage]:
        total, done = count_values(self._database), 0
        damaged: list[_Damaged] = []
        for each in all_sealed_columns():
            with self._database.stream(self._database.prepare(each.rows())) as rows:
                for done, row in enumerate(rows, done + 1):  # noqa: B020 - it goes on counting
                    if on_progress is not None and done % _REPORTED_EVERY == 0:
                        on_progress(done, max(done, total))
                    damaged.extend(self._looked_at(each, row))
        if on_progress is not None:
            on_progress(done, done)
        errors = diagnose(self._database, self._cipher, [each.unopened for each in damaged])
        values = [self._as_damage(each, error) for each, error in zip(damaged, errors, strict=True)]
        return [*values, *map(_of_head, faulty_heads(self._database))]

    def _looked_at(self, column: SealedColumn, row: Row) -> "Iterator[_Damaged]":
        """Open one value; yields it if it does not open, or names another key than its row does."""
        key_id, row_id, version, name, blob = row
        try:
            place = context(column.column, row_id, version, "")
            self._cipher.open(blob, place)
            if self._cipher.key_named_by(blob, place) == key_id:
                return
        except Integrity:
            pass
        place = column.place(row_id, version, name)
        yield _Damaged(column.table.name, Unopened(blob, place, self._error_of(key_id, blob, place)))

    def _error_of(self, key_id: str | None, blob: bytes, place: SealContext) -> Integrity:
        try:
            self._cipher.open(blob, place)
        except Integrity as error:
            return error
        return Tampered(
            f"the row of {place.subject} names data key {key_id}, and its value {self._key_named_by(blob, place)}",
            advice="look who wrote into the database; then set it again",
        )

    def _key_named_by(self, blob: bytes, place: SealContext) -> str | None:
        try:
            return self._cipher.key_named_by(blob, place)
        except Integrity:
            return None

    def _as_damage(self, damaged: "_Damaged", error: Integrity) -> Damage:
        place = damaged.unopened.place
        return Damage(
            table=damaged.table,
            row=f"{place.row_id}/{place.version}",
            subject=place.subject,
            code=error.cause,
            message=error.message,
            advice=error.advice,
            key_id=self._key_named_by(damaged.unopened.blob, place),
        )


@dataclass(frozen=True, slots=True)
class _Damaged:
    """A value that is not as it should be, and the table that it is in."""

    table: str
    unopened: Unopened


def _of_head(head: FaultyHead) -> Damage:
    return Damage(
        table=secret.name,
        row=head.row_id,
        subject=f"the secret {head.name}",
        code=head.error.cause,
        message=head.error.message,
        advice=head.error.advice,
        in_value=False,
    )

"""What SQLite can tell of a database's health, and what plain SQL can count in it."""

from collections import Counter

from sqlalchemy import Column, ColumnElement, Select, case, func, select
from typing_extensions import override

from adapters.sql.columns import metadata
from adapters.sql.database import Database
from adapters.sql.failures import DRIVER_ERRORS, translate
from adapters.sql.sealing import sealed_columns
from adapters.sql.tables import claude_sdk_sessions
from domain.ports import Census, DatabaseCheckup, Engine
from domain.ports.database_checkup import Drift

_LINES = 10
_TO_COME = ("expires_at", "retry_at")
_OF_OTHERS = {"alembic_version", "_litestream_lock", "_litestream_seq"}
"""Tables of Alembic and, where it runs beside us (docs/litestream.md), of Litestream."""

_COLUMNS = (
    "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_xinfo(t.name) c "
    "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_SEALED_MAGIC = b"SR"
_FIXED_IN = (3, 51, 3)
_ALSO_FIXED_IN = ((3, 50, 7), (3, 44, 6))
"""Patches of older lines that carry the fix as well."""


class SqliteCheckup(DatabaseCheckup):
    """Asks through a connection that may be read-only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def engine(self) -> Engine:
        driver = self._database.driver
        return Engine(
            version=f"SQLite {driver.sqlite_version}", has_wal_reset_bug=has_wal_reset_bug(driver.sqlite_version_info)
        )

    @override
    def faults(self, *, thorough: bool) -> list[str]:
        pragma = "integrity_check" if thorough else "quick_check"
        try:
            with self._database.borrowed() as connection:
                lines = [str(row[0]) for row in connection.execute(f"PRAGMA {pragma}({_LINES})")]
                orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(_LINES)
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        said = [] if lines == ["ok"] else lines
        said += [f"a row of {table} names a row that is missing in {parent}" for table, _, parent, _ in orphans]
        return said[:_LINES]

    @override
    def drift(self) -> Drift:
        there = self._columns()
        ours = {table.name: [column.name for column in table.columns] for table in metadata.sorted_tables}
        missing = [name for name in ours if name not in there]
        missing += [f"{name}.{c}" for name in ours if name in there for c in ours[name] if c not in there[name]]
        return Drift(missing=tuple(missing), foreign=tuple(sorted(there.keys() - ours.keys() - _OF_OTHERS)))

    @override
    def census(self) -> Census:
        by_key: Counter[str] = Counter()
        unsealed = 0
        there = self._columns()
        for table, column in sealed_columns():
            if not {column.name, "key_id"} <= there.get(table.name, set()):
                continue
            is_sealed = func.substr(column, 1, len(_SEALED_MAGIC)) == _SEALED_MAGIC
            query = (
                select(table.c.key_id, func.count(), func.sum(case((is_sealed, 0), else_=1)))
                .where(column.is_not(None))
                .group_by(table.c.key_id)
            )
            for key_id, values, plain in self._database.all(self._database.prepare(query)):
                by_key[str(key_id)] += values - plain
                unsealed += plain
        return Census(by_key=dict(by_key), unsealed=unsealed)

    @override
    def newest(self) -> int | None:
        there = self._columns()
        stamps = [column for column in _stamps() if column.name in there.get(column.table.name, set())]
        instants = [
            row[0] for query in map(_newest, stamps) for row in self._database.all(self._database.prepare(query))
        ]
        return max((instant for instant in instants if instant is not None), default=None)

    def _columns(self) -> dict[str, set[str]]:
        """Return the columns of each table that is there, SQLite's own left out."""
        columns: dict[str, set[str]] = {}
        try:
            with self._database.borrowed() as connection:
                for table, column in connection.execute(_COLUMNS):
                    columns.setdefault(table, set()).add(column)
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        return columns


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Tell whether SQLite `version` has the bug of https://sqlite.org/wal.html#walresetbug (since 3.7.0)."""
    patched = any(version[:2] == fixed[:2] and version >= fixed for fixed in _ALSO_FIXED_IN)
    return version < _FIXED_IN and not patched


def _newest(column: ColumnElement[int]) -> Select[tuple[int]]:
    return select(func.max(column))


def _stamps() -> list[Column[int]]:
    """Find the columns in which our clock writes what it shows, not what is to come. A session's are the caller's."""
    return [
        column
        for table in metadata.sorted_tables
        if table is not claude_sdk_sessions
        for column in table.columns
        if (column.name == "at" or column.name.endswith("_at")) and not column.name.endswith(_TO_COME)
    ]

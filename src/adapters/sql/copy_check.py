"""Checking a copy of the database on its own: SQLite finds it whole, it has the rows it should, all in it opens."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, inspect, select

from adapters.sql.columns import metadata
from adapters.sql.data_key_store import SqlDataKeyStore
from adapters.sql.database import Database
from adapters.sql.immutable import at_head, require_whole
from adapters.sql.sealed_places import open_everything
from domain.errors import DomainError, Integrity
from domain.ports import Cipher, DataKeyStore

CipherOf = Callable[[DataKeyStore], Cipher]
"""Opens what lies under the data keys of another database than this, with our master key."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a copy holds: rows by table, and sealed values by data key; None if one of them does not open.

    `key_fingerprint` is of the master key that wraps the copy's own data keys, empty if it has none.
    """

    key_fingerprint: str
    rows: dict[str, int]
    rows_by_key: dict[str, int] | None


def check_copy(copy: Database, cipher_of: CipherOf, *, despite_damage: bool = False) -> Checked:
    """Look at all of a copy; one of an older schema is upgraded in memory before its values are opened.

    Raises `Integrity`, unless `despite_damage` and only values are damaged, and `DatabaseUnusable`.
    """
    require_whole(copy)
    rows = count_rows(copy)
    with at_head(copy) as current:
        keys = require_keys(current)
        fingerprint = _fingerprint(keys)
        try:
            return Checked(fingerprint, rows, open_everything(current, cipher_of(keys)))
        except Integrity:
            if not despite_damage:
                raise
            return Checked(fingerprint, rows, None)


def require_keys(copy: Database) -> DataKeyStore:
    """Return the data keys of a copy; raises `Integrity` if there are none: then nothing in it can be opened."""
    keys = SqlDataKeyStore(copy)
    if not keys.list():
        raise Integrity("the copy holds no data key, so nothing in it can be opened", advice="take another backup")
    return keys


def look_at_copy(copy: Database) -> Checked:
    """Say what can be said of a copy that does not check: what SQLite or we cannot read in it is left out."""
    fingerprint, rows = "", {}
    try:
        rows = count_rows(copy)
        fingerprint = _fingerprint(SqlDataKeyStore(copy))
    except DomainError:
        pass
    return Checked(fingerprint, rows, None)


def count_rows(database: Database, tables: Iterable[str] | None = None) -> dict[str, int]:
    """Count the rows of our tables that are there, or of `tables`. Raises `SchemaIncomplete`."""
    if tables is None:
        with database.connected() as connection:
            tables = inspect(connection).get_table_names()
    wanted = set(tables)
    counts = {}
    for table in metadata.sorted_tables:
        if table.name in wanted:
            row = database.one(database.prepare(select(func.count()).select_from(table)))
            counts[table.name] = row[0] if row else 0
    return counts


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fingerprint(keys: DataKeyStore) -> str:
    stored = keys.list()
    return stored[-1].master_fingerprint if stored else ""

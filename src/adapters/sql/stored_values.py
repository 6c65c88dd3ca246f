"""Every secret of the database in the clear, one after the other."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Select, select
from typing_extensions import override

from adapters.sql.database import Database, Row
from adapters.sql.sealing import context
from adapters.sql.tables import legacy_archive, legacy_archive_chunk, operator_oauth_tokens, secret, secret_version
from domain.errors import Integrity
from domain.legacy.files import SESSIONS_FILE
from domain.ports import Cipher, StoredValues
from domain.remnants import StoredValue

_BOM = b"\xef\xbb\xbf"

Source = tuple[str, Column[bytes], Select[Any]]
"""How a value is named, with its row's name and version put in; its column; and row (name, uuid, version, sealed)."""


class SqlStoredValues(StoredValues):
    """What a sealed column holds, but for archived sessions, which are no secret."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    @override
    def reveal(self) -> Iterator[StoredValue]:
        for subject, column, query in sources():
            with self._database.stream(self._database.prepare(query.where(column.is_not(None)))) as rows:
                yield from (value for row in rows if (value := self._opened(subject, column, row)) is not None)

    def _opened(self, subject: str, column: Column[bytes], row: Row) -> StoredValue | None:
        name, row_id, version, sealed = row
        shown = subject.format(name=name, version=version)
        try:
            content = self._cipher.open(sealed, context(column, row_id, version, shown))
        except Integrity:
            return None
        if column.table is legacy_archive_chunk:
            content = content.removeprefix(_BOM).strip()
        return StoredValue(shown, content)


def sources() -> Iterator[Source]:
    """Give a query for every sealed column that holds secrets."""
    version, chunk, token = secret_version.c, legacy_archive_chunk.c, operator_oauth_tokens.c
    yield (
        "the secret {name}, version {version}",
        version.sealed,
        select(secret.c.name, version.secret_id, version.version, version.sealed).join_from(secret, secret_version),
    )
    for column in (token.sealed_access_token, token.sealed_refresh_token):
        field = column.name.removeprefix("sealed_")
        yield f"the {{name}} {field}", column, select(token.forge_type, token.id, token.version, column)
    yield (
        "the archived file {name}",
        chunk.sealed,
        select(legacy_archive.c.path, chunk.archive_id, chunk.sequence, chunk.sealed)
        .join_from(legacy_archive, legacy_archive_chunk)
        .where(legacy_archive.c.path != SESSIONS_FILE),
    )

"""Every secret of the database in the clear, one after the other."""

from collections.abc import Iterator

from typing_extensions import override

from adapters.sql.database import Database, Row
from adapters.sql.sealed_places import SealedColumn, all_sealed_columns
from adapters.sql.tables import legacy_archive_chunk
from domain.errors import Integrity
from domain.legacy.files import SESSIONS_FILE
from domain.ports import Cipher, StoredValues
from domain.remnants import StoredValue

_BOM = b"\xef\xbb\xbf"


class SqlStoredValues(StoredValues):
    """What the sealed columns hold, but for archived sessions, which are no secret."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    @override
    def reveal(self) -> Iterator[StoredValue]:
        for column in all_sealed_columns():
            opened = self._opened_file if column.table is legacy_archive_chunk else self._opened
            with self._database.stream(self._database.prepare(column.rows())) as rows:
                yield from (value for row in rows if (value := opened(column, row)) is not None)

    def _opened(self, column: SealedColumn, row: Row) -> StoredValue | None:
        _, row_id, version, name, sealed = row
        place = column.place(row_id, version, name)
        try:
            return StoredValue(place.subject, self._cipher.open(sealed, place))
        except Integrity:
            return None

    def _opened_file(self, column: SealedColumn, row: Row) -> StoredValue | None:
        """Open a part of an archived file; a token in it is sought without what stood around it."""
        _, _, _, path, _ = row
        if path == SESSIONS_FILE:
            return None
        value = self._opened(column, row)
        if value is None:
            return None
        subject = value.subject if path is None else f"the archived file {path}"
        return StoredValue(subject, value.content.removeprefix(_BOM).strip())

"""The SQLite database as a whole: looked at without writing, then brought to the newest schema."""

from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from adapters.sql import schema
from adapters.sql.data_key_store import SqlDataKeyStore
from adapters.sql.database import Database
from adapters.sql.opening import open_read_only
from domain.ports import Schema, SchemaFacts

_ABSENT = SchemaFacts(exists=False, is_current=False, sealed_under=frozenset())


class SqliteSchema(Schema):
    """`database` is given as a callable, so that looking does not open it for writing."""

    def __init__(self, path: Path, database: Callable[[], Database]) -> None:
        self._path = path
        self._database = database

    @override
    def look(self) -> SchemaFacts:
        if not self._path.exists():
            return _ABSENT
        database = open_read_only(self._path)
        try:
            revision = schema.current(database)
            keys = [] if revision is None else SqlDataKeyStore(database).list()
        finally:
            database.close()
        return SchemaFacts(
            exists=True,
            is_current=revision == schema.HEAD,
            sealed_under=frozenset(key.master_fingerprint for key in keys),
        )

    @override
    def upgrade(self) -> None:
        schema.upgrade(self._database())

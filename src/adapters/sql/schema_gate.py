"""The SQLite database as a whole: looked at without writing, then brought to the newest schema."""

import time
from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from adapters.sql import schema
from adapters.sql.data_key_store import SqlDataKeyStore
from adapters.sql.database import Database
from adapters.sql.driver import PYTHON_DRIVER, Driver
from adapters.sql.opening import BUSY_TIMEOUT_S, open_read_only
from domain.errors import DatabaseUnusable, Integrity
from domain.ports import Schema, SchemaFacts

_ABSENT = SchemaFacts(exists=False, is_current=False, sealed_under=frozenset())
_PAUSE_S = 0.01
"""Longer than the steps in which a kernel dates files."""


class SqliteSchema(Schema):
    """`database` is given as a callable, so that looking does not open it for writing."""

    def __init__(self, path: Path, database: Callable[[], Database], driver: Driver = PYTHON_DRIVER) -> None:
        self._path = path
        self._database = database
        self._driver = driver

    @override
    def look(self) -> SchemaFacts:
        if not self._path.exists():
            return _ABSENT
        return self._settled()

    def _settled(self) -> SchemaFacts:
        """Read again while a fault may be nothing but what another process does to the file meanwhile.

        Without a log the file is read without a lock, and so may be seen half written, or its log may
        come and go. A fault counts when it is met twice in a file that did not change in between.
        """
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        failed_at = None
        while True:
            version = _version(self._path)
            try:
                return self._read()
            except (Integrity, DatabaseUnusable):
                if version == failed_at or time.monotonic() > deadline:
                    raise
                failed_at = version
                time.sleep(_PAUSE_S)

    def _read(self) -> SchemaFacts:
        database = open_read_only(self._path, self._driver)
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


def _version(path: Path) -> tuple[int, int]:
    entry = path.stat()
    return entry.st_mtime_ns, entry.st_size

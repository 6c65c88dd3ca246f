"""Backups of a SQLite database: copied inside one snapshot, checked, and only then given a name."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from typing_extensions import override

from adapters.sql import schema
from adapters.sql.backup_files import BackupDirectory
from adapters.sql.columns import metadata
from adapters.sql.data_key_store import SqlDataKeyStore
from adapters.sql.database import Database
from adapters.sql.opening import open_read_only
from adapters.sql.sealed_places import open_everything
from domain.backups import Backup
from domain.errors import Conflict, DatabaseUnusable, Integrity, NotFound
from domain.ports import BackupStore, Cipher, Clock, DataKeyStore

STEP_PAGES = 1_024
"""Pages between two syncs of the copy, 4 MiB: a writer never waits for more than this to reach the disk."""

_SPARE_BYTES = 1_024 * 1_024


class SqliteBackupStore(BackupStore):
    """`<database>.bak-<UTC timestamp>` and a manifest in one directory.

    `cipher_of` opens what lies under the data keys of another database than this, with our master key.
    """

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        database: Database,
        cipher: Cipher,
        clock: Clock,
        *,
        directory: Path,
        application_version: str,
        cipher_of: Callable[[DataKeyStore], Cipher],
    ) -> None:
        self._database = database
        self._cipher = cipher
        self._cipher_of = cipher_of
        self._clock = clock
        self._files = BackupDirectory(directory, database.path.name)
        self._application_version = application_version

    @override
    def create(self, *, covers: tuple[str, ...] = (), despite_damage: bool = False) -> Backup:
        try:
            self._files.discard_partials()
            now = self._clock.now()
            partial = self._files.reserve(now)
            try:
                backup = self._fill(partial, now, covers, despite_damage=despite_damage)
                self._files.publish(partial, backup)
            except BaseException:
                self._files.discard_partials()
                raise
        except OSError as error:
            raise DatabaseUnusable(
                f"the backup could not be written to {self._files.path}: {error.strerror}",
                advice="make room there, or name another place in STRONGROOM_BACKUP_DIR",
            ) from error
        return backup

    @override
    def verify(self, file: str) -> Backup:
        backup = next((each for each in self.list() if each.file == file), None)
        if backup is None:
            raise NotFound("there is no backup of that name")
        if backup.schema != schema.HEAD:
            raise Conflict(
                f"the backup is of schema {backup.schema}, and this version checks {schema.HEAD}",
                advice="check it with the version that made it",
            )
        path = self._files.path / backup.file
        if _sha256(path) != backup.sha256:
            raise Integrity("the backup is not the file that its manifest describes", advice="keep another one")
        found = self._check(path, self._cipher_of, despite_damage=not backup.verified)
        if (found.rows, found.rows_by_key) != (backup.rows, backup.rows_by_key or None):
            raise Integrity("the backup does not hold what its manifest says", advice="keep another one")
        return backup

    @override
    def list(self) -> list[Backup]:
        return self._files.manifests()

    def _fill(self, partial: Path, now: int, covers: tuple[str, ...], *, despite_damage: bool) -> Backup:
        self._require_room()
        self._copy_to(partial)
        found = self._check(partial, lambda _keys: self._cipher, despite_damage=despite_damage)
        return Backup(
            file=self._files.final_name(partial),
            bytes=partial.stat().st_size,
            sha256=_sha256(partial),
            verified=found.rows_by_key is not None,
            created_at=now,
            schema=schema.HEAD,
            application_version=self._application_version,
            engine_version=f"SQLite {sqlite3.sqlite_version}",
            key_fingerprint=found.key_fingerprint,
            rows=found.rows,
            rows_by_key=found.rows_by_key or {},
            covers=covers,
        )

    def _require_room(self) -> None:
        needed = self._database.path.stat().st_size + _SPARE_BYTES
        free = shutil.disk_usage(self._files.path).free
        if free < needed:
            raise DatabaseUnusable(
                f"no room for a backup: {needed} bytes are needed in {self._files.path}, {free} are free",
                advice="make room there, or name another place in STRONGROOM_BACKUP_DIR",
            )

    def _copy_to(self, partial: Path) -> None:
        """Copy in steps inside one read snapshot, so that writers neither wait nor make the copy start over."""
        with self._database.borrowed() as source:
            source.execute("BEGIN")
            try:
                source.execute("SELECT 1 FROM sqlite_master").fetchone()
                _paced_copy(source, partial)
            finally:
                source.execute("ROLLBACK")

    def _check(self, copy: Path, cipher_of: Callable[[DataKeyStore], Cipher], *, despite_damage: bool) -> "_Checked":
        """Open the copy on its own: SQLite finds it whole, it holds as many rows as tables say, all opens."""
        database = open_read_only(copy)
        try:
            with database.borrowed() as connection:
                if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                    raise Integrity("the copy of the database is damaged", advice="check the disk")
                if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                    raise Integrity("the copy of the database has rows that name missing rows")
            keys = SqlDataKeyStore(database)
            fingerprint = keys.list()[-1].master_fingerprint
            rows = count_rows(database)
            try:
                return _Checked(fingerprint, rows, open_everything(database, cipher_of(keys)))
            except Integrity:
                if not despite_damage:
                    raise
                return _Checked(fingerprint, rows, None)
        finally:
            database.close()


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the copy holds: rows by table, and sealed values by data key; None if one of them does not open.

    `key_fingerprint` is of the master key that wraps the copy's own data keys.
    """

    key_fingerprint: str
    rows: dict[str, int]
    rows_by_key: dict[str, int] | None


def count_rows(database: Database) -> dict[str, int]:
    """Count the rows of every table."""
    counts = {}
    for table in metadata.sorted_tables:
        row = database.one(database.prepare(select(func.count()).select_from(table)))
        counts[table.name] = row[0] if row else 0
    return counts


def _paced_copy(source: sqlite3.Connection, partial: Path) -> None:
    descriptor = os.open(partial, os.O_RDWR | os.O_CLOEXEC)
    target = sqlite3.connect(partial, isolation_level=None)
    try:
        target.execute("PRAGMA journal_mode=OFF")
        target.execute("PRAGMA synchronous=OFF")
        source.backup(target, pages=STEP_PAGES, progress=_syncing(descriptor))
        # The copy says "WAL" in its header like its source; as a file of its own it needs no log.
        target.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()
        os.close(descriptor)


def _syncing(descriptor: int) -> Callable[[int, int, int], None]:
    def progress(_status: int, _remaining: int, _total: int) -> None:
        os.fdatasync(descriptor)

    return progress


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

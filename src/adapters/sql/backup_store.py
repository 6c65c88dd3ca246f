"""Backups of a SQLite database: copied inside one snapshot, checked, and only then given a name."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from adapters.sql import schema
from adapters.sql.backup_files import BackupDirectory
from adapters.sql.copy_check import Checked, CipherOf, check_copy, look_at_copy, sha256_of
from adapters.sql.database import Database
from adapters.sql.immutable import opened_immutable
from adapters.sql.room import require_room
from domain.backups import Backup, Reason
from domain.errors import DatabaseUnusable, DomainError, Integrity
from domain.ports import BackupStore, Clock

STEP_PAGES = 256
"""Pages between two syncs of the copy, 1 MiB: a writer never waits for more than this to reach the disk.

Four times as many copy as fast, and let a writer's slowest write take twice as long (docs/performance.md).
"""

_NO_SCHEMA = "none"
_ELSEWHERE = "make room there, or name another place in STRONGROOM_BACKUP_DIR"


class SqliteBackupStore(BackupStore):
    """`<database>.bak-<UTC timestamp>` and a manifest in one directory.

    `cipher_of` opens what lies under the data keys of a copy, with our master key.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        directory: Path,
        application_version: str,
        cipher_of: CipherOf,
    ) -> None:
        self._database = database
        self._clock = clock
        self._files = BackupDirectory(directory, database.path.name)
        self._application_version = application_version
        self._cipher_of = cipher_of

    @override
    def create(
        self, *, reason: Reason = Reason.ASKED, covers: tuple[str, ...] = (), despite_damage: bool = False
    ) -> Backup:
        return self._made(reason, covers, lambda copy: check_copy(copy, self._cipher_of, despite_damage=despite_damage))

    def keep(self) -> Backup:
        """Make a backup of the database in whatever state it is, before a restore takes its place."""
        return self._made(Reason.RESTORE, (), self._looked_at)

    @contextmanager
    def as_database(self, backup: Backup) -> Iterator[Database]:
        """Open a backup for reading, for a `with` block."""
        with opened_immutable(self._files.path / backup.file, self._database.driver) as copy:
            yield copy

    @override
    def verify(self, file: str) -> Backup:
        backup = self._files.find(file)
        schema.refuse_unknown(backup.schema, "the backup")
        path = self._files.path / file
        if sha256_of(path) != backup.sha256:
            raise Integrity("the backup is not the file that its manifest describes", advice="keep another one")
        with opened_immutable(path, self._database.driver) as copy:
            found = check_copy(copy, self._cipher_of, despite_damage=not backup.verified)
        if backup.verified and (found.rows, found.rows_by_key) != (backup.rows, backup.rows_by_key):
            raise Integrity("the backup does not hold what its manifest says", advice="keep another one")
        return backup

    @override
    def list(self) -> list[Backup]:
        return self._files.manifests()

    @override
    def remove(self, file: str) -> None:
        with self._told():
            self._files.remove(file)

    @override
    @contextmanager
    def opened(self, file: str) -> Iterator[BinaryIO]:
        path = self._files.path / self._files.find(file).file
        try:
            opened = path.open("rb")
        except OSError as error:
            raise DatabaseUnusable(f"the backup {path} cannot be read: {error.strerror}") from error
        with opened:
            yield opened

    @override
    def take_in(self, backup: Backup, fill: Callable[[BinaryIO], None]) -> None:
        with self._told(), self._files.claimed(backup.file) as partial:
            require_room(self._files.path, backup.bytes, what="the backup", advice=_ELSEWHERE)
            with partial.open("wb") as file:
                fill(file)
            if sha256_of(partial) != backup.sha256:
                raise Integrity("what came is not what the manifest describes", advice="fetch another one")
            # Where it comes from counts on its own: here it is the oldest of all, but for its instant.
            self._files.publish(partial, replace(backup, sequence=0))

    def _made(self, reason: Reason, covers: tuple[str, ...], look: Callable[[Database], Checked]) -> Backup:
        with self._told():
            self._files.discard_leftovers()
            now = self._clock.now()
            with self._files.reserved(now) as partial:
                require_room(self._files.path, self._database.path.stat().st_size, what="a backup", advice=_ELSEWHERE)
                self._copy_to(partial)
                with opened_immutable(partial, self._database.driver) as copy:
                    found, revision = look(copy), schema.revision(copy)
                backup = Backup(
                    file=self._files.final_name(partial),
                    bytes=partial.stat().st_size,
                    sha256=sha256_of(partial),
                    verified=found.rows_by_key is not None,
                    created_at=now,
                    schema=revision or _NO_SCHEMA,
                    application_version=self._application_version,
                    engine_version=f"SQLite {self._database.driver.sqlite_version}",
                    key_fingerprint=found.key_fingerprint,
                    rows=found.rows,
                    rows_by_key=found.rows_by_key or {},
                    covers=covers,
                    reason=reason,
                    sequence=max((each.sequence for each in self.list()), default=0) + 1,
                )
                self._files.publish(partial, backup)
        return backup

    def _looked_at(self, copy: Database) -> Checked:
        try:
            return check_copy(copy, self._cipher_of, despite_damage=True)
        except DomainError:
            return look_at_copy(copy)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what the operating system refused."""
        try:
            yield
        except OSError as error:
            raise DatabaseUnusable(
                f"the backup could not be written to {self._files.path}: {error.strerror}", advice=_ELSEWHERE
            ) from error

    def _copy_to(self, partial: Path) -> None:
        """Copy in steps inside one read snapshot, so that writers neither wait nor make the copy start over."""
        with self._database.borrowed() as source:
            source.execute("BEGIN")
            try:
                source.execute("SELECT 1 FROM sqlite_master").fetchone()
                _paced_copy(source, partial, self._database.driver.connect)
            finally:
                source.execute("ROLLBACK")


def _paced_copy(source: sqlite3.Connection, partial: Path, connect: Callable[..., sqlite3.Connection]) -> None:
    descriptor = os.open(partial, os.O_RDWR | os.O_CLOEXEC)
    target = connect(partial, isolation_level=None)
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

"""Restoring a SQLite database from a backup: a copy is checked and made ready, and then takes its place."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from adapters.sql import schema
from adapters.sql.audit_log import SqlAuditLog
from adapters.sql.backup_files import BackupDirectory
from adapters.sql.backup_store import SqliteBackupStore
from adapters.sql.carry_over import carry_over, keep_what_only_grows
from adapters.sql.claims import scratch, with_sidecars
from adapters.sql.connection_faults import SqlConnectionFaults
from adapters.sql.copy_check import CipherOf, check_copy, count_rows, require_keys
from adapters.sql.data_key_store import SqlDataKeyStore
from adapters.sql.database import Database
from adapters.sql.driver import Driver
from adapters.sql.durable import make_directory, sync
from adapters.sql.immutable import at_head, opened_immutable, require_whole
from adapters.sql.job_journal import SqlJobJournal
from adapters.sql.oauth_token_store import SqlOAuthTokenStore
from adapters.sql.replacing import lay_down, replace_contents
from adapters.sql.room import require_room
from adapters.sql.sealed_places import open_everything
from domain.backups import Backup
from domain.errors import DatabaseUnusable, Integrity
from domain.jobs import Job, JobRecord
from domain.ports import Clock, DatabaseRestore, StagedRestore
from domain.restores import Kept

_BLOCK = 4 * 1_024 * 1_024
_COPIES = 3
"""How often the database lies in its directory while it is replaced: as it was, as it will be, and in the log."""


class SqliteRestore(DatabaseRestore):
    """Restores backups that lie in `directory`. `open_database` opens a file for writing.

    `backups_of` the database keeps what was there. The private copy is `<database>.<staging>`, beside the database.
    """

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        path: Path,
        clock: Clock,
        *,
        directory: Path,
        staging: str,
        driver: Driver,
        open_database: Callable[[Path], Database],
        backups_of: Callable[[Database], SqliteBackupStore],
        cipher_of: CipherOf,
    ) -> None:
        self._path = path
        self._clock = clock
        self._files = BackupDirectory(directory, path.name)
        self._staging = path.with_name(f"{path.name}.{staging}")
        self._driver = driver
        self._open_database = open_database
        self._backups_of = backups_of
        self._cipher_of = cipher_of

    @override
    def exists(self) -> bool:
        return self._path.exists()

    @override
    def manifest(self, file: str) -> Backup:
        backup = self._files.find(file)
        schema.refuse_unknown(backup.schema, "the backup")
        return backup

    @override
    @contextmanager
    def looked_at(self, file: str) -> Iterator[StagedRestore]:
        backup = self.manifest(file)
        source = self._files.path / file
        with _read(source) as content:
            _require_same(_copied(content, None), backup)
        with opened_immutable(source, self._driver) as copy:
            _require_described(copy, backup)
            found = check_copy(copy, self._cipher_of, despite_damage=not backup.verified)
            with at_head(copy) as current:
                yield self._stores(current, backup, sum((found.rows_by_key or {}).values()))

    @override
    @contextmanager
    def staged(self, file: str) -> Iterator[StagedRestore]:
        backup = self.manifest(file)
        make_directory(self._path.parent)
        require_room(self._path.parent, _COPIES * backup.bytes, what="a restore", advice="make room there")
        with _told(self._path.parent), scratch(self._staging) as staging:
            with _read(self._files.path / file) as content, staging.open("r+b") as into:
                _require_same(_copied(content, into), backup)
            with opened_immutable(staging, self._driver) as copy:
                require_whole(copy)
                _require_described(copy, backup)
            database = self._open_database(staging)
            try:
                schema.upgrade(database)
                yield self._stores(database, backup, self._opened(database, backup))
            finally:
                database.close()

    @override
    def replace(self, staged: StagedRestore) -> Kept | None:
        if not isinstance(staged, _Staged):
            raise TypeError("what was staged elsewhere cannot be put in place here")
        with _told(self._path.parent):
            if self.exists() and self._is_database():
                try:
                    return self._replaced(staged)
                except Integrity:  # SQLite cannot read all that is there, so it cannot write into it
                    pass
            return self._laid_down(staged)

    def _is_database(self) -> bool:
        """Tell whether SQLite takes it for one. Opened for writing, it would remove a log that it cannot use."""
        with opened_immutable(self._path, self._driver) as live:
            try:
                with live.borrowed() as connection:
                    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except Integrity:
                return False
        return True

    def _replaced(self, staged: "_Staged") -> Kept:
        live = self._open_database(self._path)
        kept: list[Backup] = []
        try:
            carry_over(live, staged.database)
            self._put_off_forgetting(staged.database)
            _fold(staged.database)
            store = self._backups_of(live)
            replace_contents(live, self._staging, keep=lambda: kept.append(store.keep()))
            with store.as_database(kept[0]) as former:  # to the last commit before ours
                keep_what_only_grows(former, live)
        finally:
            live.close()
        return Kept(name=kept[0].file, is_backup=True)

    def _laid_down(self, staged: "_Staged") -> Kept | None:
        self._put_off_forgetting(staged.database)
        _fold(staged.database)
        stamp = datetime.fromtimestamp(self._clock.now() // 1_000, UTC).strftime("%Y%m%dT%H%M%SZ")
        names = (f"{self._path.name}.unreadable-{stamp}" + (f"-{number}" if number > 1 else "") for number in count(1))
        aside = next(
            path for path in map(self._path.with_name, names) if not any(map(Path.exists, with_sidecars(path)))
        )
        lay_down(self._path, self._staging, aside)
        return Kept(name=str(aside), is_backup=False) if aside.exists() else None

    def _put_off_forgetting(self, database: Database) -> None:
        """Leave time to look at what was restored, before a service forgets what in it is old by now."""
        journal, now = SqlJobJournal(database), self._clock.now()
        for job in Job:
            if job.forgets:
                journal.put(JobRecord(job=job).begun(now).succeeded(now, "put off by a restore"))

    def _stores(self, database: Database, backup: Backup, values: int) -> StagedRestore:
        cipher = self._cipher_of(SqlDataKeyStore(database))
        return _Staged(
            backup=backup,
            upgraded_from=None if backup.schema == schema.HEAD else backup.schema,
            values=values,
            oauth_tokens=SqlOAuthTokenStore(database, cipher, self._clock),
            faults=SqlConnectionFaults(database),
            audit=SqlAuditLog(database, cipher, self._clock),
            database=database,
        )

    def _opened(self, database: Database, backup: Backup) -> int:
        """Open every value; of a backup that was made despite damage, as somebody asked, only its keys."""
        cipher = self._cipher_of(require_keys(database))
        try:
            return sum(open_everything(database, cipher).values())
        except Integrity:
            if backup.verified:
                raise
            return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staged(StagedRestore):
    """With the copy itself."""

    database: Database


def _fold(database: Database) -> None:
    """Close the copy, and make it one file that needs no log; may be called again."""
    database.close()
    connection = database.driver.connect(database.path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    finally:
        connection.close()
    sync(database.path)


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    """Say what the operating system refused."""
    try:
        yield
    except OSError as error:
        raise DatabaseUnusable(
            f"the restore could not be written to {directory}: {error.strerror}",
            advice="make room there, or check the disk; what was there is as it was",
        ) from error


@contextmanager
def _read(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise DatabaseUnusable(f"the backup {path} cannot be read: {error.strerror}") from error
    with file:
        yield file


def _copied(content: BinaryIO, into: BinaryIO | None) -> str:
    """Copy `content`, if there is a place to copy it to, durably; returns its SHA-256."""
    digest = hashlib.sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
        if into is not None:
            into.write(block)
            into.flush()
            os.fdatasync(into.fileno())
    return digest.hexdigest()


def _require_same(sha256: str, backup: Backup) -> None:
    if sha256 != backup.sha256:
        raise Integrity(
            "the backup is not the file that its manifest describes: it was cut off or changed",
            advice="take another one: `strongroom backup list`",
        )


def _require_described(copy: Database, backup: Backup) -> None:
    """Raise `Integrity` unless schema and rows are those of the manifest, as far as we know the tables."""
    rows = count_rows(copy)
    if schema.revision(copy) != backup.schema or rows != {table: backup.rows.get(table) for table in rows}:
        raise Integrity("the backup does not hold what its manifest says", advice="take another one")

"""Restoring in memory: what would be made ready, and that it was put in place."""

from collections.abc import Iterator
from contextlib import contextmanager

from typing_extensions import override

from domain.backups import Backup, Reason
from domain.ports import AuditLog, BackupStore, ConnectionFaults, DatabaseRestore, OAuthTokenStore, StagedRestore
from domain.restores import Kept


class MemoryRestore(DatabaseRestore):
    """A restore of any backup there is brings the stores it was given; `replaced` lists what was put in place."""

    def __init__(
        self, backups: BackupStore, *, oauth_tokens: OAuthTokenStore, faults: ConnectionFaults, audit: AuditLog
    ) -> None:
        self._backups = backups
        self._oauth_tokens = oauth_tokens
        self._faults = faults
        self._audit = audit
        self.replaced: list[str] = []

    @override
    def exists(self) -> bool:
        return True

    @override
    def manifest(self, file: str) -> Backup:
        return self._backups.verify(file)

    @override
    @contextmanager
    def looked_at(self, file: str) -> Iterator[StagedRestore]:
        yield self._found(file)

    @override
    @contextmanager
    def staged(self, file: str) -> Iterator[StagedRestore]:
        yield self._found(file)

    @override
    def replace(self, staged: StagedRestore) -> Kept | None:
        kept = self._backups.create(reason=Reason.RESTORE)
        self.replaced.append(staged.backup.file)
        return Kept(name=kept.file, is_backup=True)

    def _found(self, file: str) -> StagedRestore:
        return StagedRestore(
            backup=self._backups.verify(file),
            upgraded_from=None,
            values=0,
            oauth_tokens=self._oauth_tokens,
            faults=self._faults,
            audit=self._audit,
        )

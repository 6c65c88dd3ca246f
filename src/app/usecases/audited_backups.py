"""Backups that are written down before they are made, or removed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from typing_extensions import override

from app.audit import announced
from domain.audit import Action
from domain.backups import Backup, Reason
from domain.ports import AuditLog, BackupStore


@dataclass(frozen=True, slots=True)
class AuditedBackupStore(BackupStore):
    """A store of backups behind the log: a copy of everything is worth an event even if it then fails."""

    backups: BackupStore
    audit: AuditLog

    @override
    def create(
        self, *, reason: Reason = Reason.ASKED, covers: tuple[str, ...] = (), despite_damage: bool = False
    ) -> Backup:
        with announced(self.audit, Action.BACKUP_CREATE, "database"):
            return self.backups.create(reason=reason, covers=covers, despite_damage=despite_damage)

    @override
    def verify(self, file: str) -> Backup:
        return self.backups.verify(file)

    @override
    def list(self) -> list[Backup]:
        return self.backups.list()

    @override
    def remove(self, file: str) -> None:
        with announced(self.audit, Action.BACKUP_REMOVE, file):
            self.backups.remove(file)

    @override
    def opened(self, file: str) -> AbstractContextManager[BinaryIO]:
        return self.backups.opened(file)

    @override
    def take_in(self, backup: Backup, fill: Callable[[BinaryIO], None]) -> None:
        with announced(self.audit, Action.BACKUP_FETCH, backup.file):
            self.backups.take_in(backup, fill)

"""Backups that are written down before they are made."""

from dataclasses import dataclass

from typing_extensions import override

from app.audit import announced
from domain.audit import Action
from domain.backups import Backup
from domain.ports import AuditLog, BackupStore


@dataclass(frozen=True, slots=True)
class AuditedBackupStore(BackupStore):
    """A store of backups behind the log: a copy of everything is worth an event even if it then fails."""

    backups: BackupStore
    audit: AuditLog

    @override
    def create(self, *, covers: tuple[str, ...] = (), despite_damage: bool = False) -> Backup:
        with announced(self.audit, Action.BACKUP_CREATE, "database"):
            return self.backups.create(covers=covers, despite_damage=despite_damage)

    @override
    def verify(self, file: str) -> Backup:
        return self.backups.verify(file)

    @override
    def list(self) -> list[Backup]:
        return self.backups.list()

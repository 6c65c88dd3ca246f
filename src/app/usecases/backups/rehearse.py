"""Rehearse a restore: a backup that nobody has ever restored is a hope."""

from dataclasses import dataclass

from domain.errors import NotFound
from domain.ports import BackupStore, DatabaseRestore, StagedRestore


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseRestore:
    """Restores into a scratch place."""

    backups: BackupStore
    restore: DatabaseRestore

    def __call__(self) -> StagedRestore:
        """Restore the newest verified backup, open everything in it, and throw the copy away.

        Returns what it was. Raises `NotFound` if there is none, and as `DatabaseRestore.staged` does.
        """
        verified = [backup for backup in self.backups.list() if backup.is_proof]
        if not verified:
            raise NotFound("there is no verified backup to restore", advice="make one: `strongroom backup create`")
        with self.restore.staged(verified[-1].file) as staged:
            return staged

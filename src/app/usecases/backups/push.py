"""Copies of backups off this machine, and back."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.backups import Backup
from domain.errors import DomainError
from domain.ports import BackupStore, OffsiteStore
from domain.values import SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PushBackups:
    """Brings every verified backup off this machine, once."""

    backups: BackupStore
    offsite: OffsiteStore

    def __call__(self) -> list[str]:
        """Push the verified backups that are not there yet, newest first; returns their names.

        One that fails does not keep the others from being tried. The first fault is raised when all were.
        """
        there = {copy.file for copy in self.offsite.list()}
        missing = [backup for backup in self.backups.list() if backup.verified and backup.file not in there]
        faults: list[DomainError] = []
        for backup in reversed(missing):
            try:
                with self.backups.opened(backup.file) as content:
                    self.offsite.push(backup, content)
            except DomainError as error:
                faults.append(error)
        if faults:
            raise faults[0]
        return [backup.file for backup in reversed(missing)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchBackup:
    """Brings a backup back."""

    backups: BackupStore
    offsite: OffsiteStore

    def __call__(self, file: str, identities: Sequence[SecretValue] = ()) -> Backup:
        """Take in the backup `file` from off-site, if it is what its manifest describes.

        `identities` open one that is encrypted. Raises as `OffsiteStore.manifest` and `BackupStore.take_in`
        do; then nothing of it is here.
        """
        backup = self.offsite.manifest(file, identities)
        self.backups.take_in(backup, lambda into: self.offsite.fetch(file, into, identities))
        return backup

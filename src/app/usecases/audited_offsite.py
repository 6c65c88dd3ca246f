"""Copies elsewhere that are written down before they are made: a copy of everything leaves this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from typing_extensions import override

from app.audit import announced
from domain.audit import Action
from domain.backups import Backup, OffsiteCopy
from domain.ports import AuditLog, OffsiteStore
from domain.values import SecretValue


@dataclass(frozen=True, slots=True)
class AuditedOffsiteStore(OffsiteStore):
    """An off-site store behind the log."""

    offsite: OffsiteStore
    audit: AuditLog

    @override
    def push(self, backup: Backup, content: BinaryIO) -> OffsiteCopy:
        with announced(self.audit, Action.BACKUP_PUSH, backup.file):
            return self.offsite.push(backup, content)

    @override
    def list(self) -> list[OffsiteCopy]:
        return self.offsite.list()

    @override
    def manifest(self, file: str, identities: Sequence[SecretValue] = ()) -> Backup:
        return self.offsite.manifest(file, identities)

    @override
    def fetch(self, file: str, into: BinaryIO, identities: Sequence[SecretValue] = ()) -> None:
        self.offsite.fetch(file, into, identities)

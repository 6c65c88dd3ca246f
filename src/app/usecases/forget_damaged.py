"""Forget what no key opens: the way on after a key is lost for good."""

from contextlib import suppress
from dataclasses import dataclass, replace

from app.usecases.find_damage import FindDamage
from domain.errors import VersionConflict
from domain.ports import BackupStore, Damage, SealedRows, SecretHistory, SecretStore
from domain.secrets import DamagedVersion
from domain.values import FORGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was forgotten, and the backup that still holds it; None if there was nothing to forget."""

    backup: str | None
    versions: list[DamagedVersion]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetDamaged:
    """A secret whose current value is damaged is deleted, and every damaged version destroyed; good versions stay."""

    find: FindDamage
    secrets: SecretStore
    history: SecretHistory
    backups: BackupStore

    def __call__(self) -> Forgotten:
        """Make a backup, then forget. Killed in between, what is left is forgotten next time."""
        damaged = self.find.everywhere()
        if not damaged:
            return Forgotten(backup=None, versions=[])
        backup = self.backups.create(despite_damage=True)
        for damage in damaged:
            if damage.current:
                with suppress(VersionConflict):  # somebody has set another value meanwhile
                    self.secrets.delete(damage.name, expected_version=damage.version)
        self.history.destroy_many([(damage.name, damage.version) for damage in damaged if not damage.in_row])
        return Forgotten(backup=backup.file, versions=damaged)


def damage_left(rows: SealedRows) -> list[Damage]:
    """Return what is damaged still, once secrets are forgotten; `advice` says how one gets rid of it."""
    return [replace(damage, advice=_way_on(damage)) for damage in rows.verify()]


def _way_on(damage: Damage) -> str:
    if damage.table == "operator_oauth_tokens":
        forge = next((forge for forge in FORGES if forge in damage.subject.split()), "FORGE")
        return f"`strongroom oauth disconnect {forge}`, then connect again"
    if damage.table == "legacy_archive_chunk":
        return "it leaves with the archive after archive_ttl_days"
    return damage.advice or "set it again, or restore a backup"

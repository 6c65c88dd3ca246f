"""Secrets whose every change is in the open mounts before it is answered."""

from collections.abc import Collection
from dataclasses import dataclass

from typing_extensions import override

from app.usecases.mounts.refresh import RefreshMounts
from domain.ports import SecretHistory, SecretStore
from domain.secrets import DamagedVersion, Secret, SecretInfo, SecretVersion


@dataclass(frozen=True, slots=True)
class DeliveredSecretStore(SecretStore):
    """A store in front of the mounts. Raises `DeliveryFailed` for a change that stands and did not get there."""

    secrets: SecretStore
    refresh: RefreshMounts

    @override
    def get(self, name: str) -> Secret | None:
        return self.secrets.get(name)

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        version = self.secrets.set(name, value, expected_version=expected_version, expires_at=expires_at)
        self.refresh(name)
        return version

    @override
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        was_there = self.secrets.delete(name, expected_version=expected_version)
        if was_there:
            self.refresh(name)
        return was_there

    @override
    def info(self, name: str) -> SecretInfo | None:
        return self.secrets.info(name)

    @override
    def list(self) -> list[SecretInfo]:
        return self.secrets.list()


@dataclass(frozen=True, slots=True)
class DeliveredSecretHistory(SecretHistory):
    """The versions of secrets, in the same way. What is destroyed is current nowhere, and so in no mount."""

    history: SecretHistory
    refresh: RefreshMounts

    @override
    def versions(self, name: str) -> list[SecretVersion]:
        return self.history.versions(name)

    @override
    def get_version(self, name: str, version: int) -> Secret | None:
        return self.history.get_version(name, version)

    @override
    def destroy_many(self, versions: Collection[tuple[str, int]]) -> int:
        return self.history.destroy_many(versions)

    @override
    def undelete(self, name: str) -> int | None:
        version = self.history.undelete(name)
        if version is not None:
            self.refresh(name)
        return version

    @override
    def deleted(self) -> list[SecretVersion]:
        return self.history.deleted()

    @override
    def find_damage(self, *, current_only: bool = False) -> list[DamagedVersion]:
        return self.history.find_damage(current_only=current_only)

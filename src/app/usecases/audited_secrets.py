"""Secrets whose every reading and change is written down before it is answered."""

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass

from typing_extensions import override

from app.audit import announced, current_actor
from domain.audit import Action
from domain.ports import AuditLog, SecretHistory, SecretStore
from domain.secrets import DamagedVersion, Secret, SecretInfo, SecretVersion


@dataclass(frozen=True, slots=True)
class AuditedSecretStore(SecretStore):
    """A store whose values leave it only once that is in the log, and which changes only together with the log."""

    secrets: SecretStore
    audit: AuditLog

    @override
    def get(self, name: str) -> Secret | None:
        secret = self.secrets.get(name)
        if secret is not None:
            self._record(Action.SECRET_READ, name, secret.version)
        return secret

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        with self.audit.atomic():
            version = self.secrets.set(name, value, expected_version=expected_version, expires_at=expires_at)
            self._record(Action.SECRET_WRITE, name, version)
        return version

    @override
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        with self.audit.atomic():
            was_there = self.secrets.delete(name, expected_version=expected_version)
            if was_there:
                self.audit.record(current_actor(), Action.SECRET_DELETE, name)
        return was_there

    @override
    def info(self, name: str) -> SecretInfo | None:
        return self.secrets.info(name)

    def _record(self, action: Action, name: str, version: int) -> None:
        self.audit.record(current_actor(), action, name, detail=f"version {version}")

    @override
    def list(self) -> list[SecretInfo]:
        return self.secrets.list()


@dataclass(frozen=True, slots=True)
class AuditedSecretHistory(SecretHistory):
    """The versions of secrets, in the same way."""

    history: SecretHistory
    audit: AuditLog

    @override
    def versions(self, name: str) -> list[SecretVersion]:
        return self.history.versions(name)

    @override
    def get_version(self, name: str, version: int) -> Secret | None:
        secret = self.history.get_version(name, version)
        if secret is not None:
            self.audit.record(current_actor(), Action.SECRET_READ, name, detail=f"version {version}")
        return secret

    @override
    def destroy_many(self, versions: Collection[tuple[str, int]]) -> int:
        there = self._known(versions)
        with ExitStack() as acts:
            with self.audit.atomic():
                for name, version in there:
                    acts.enter_context(announced(self.audit, Action.SECRET_DESTROY, name, detail=f"version {version}"))
            return self.history.destroy_many(there)

    @override
    def undelete(self, name: str) -> int | None:
        with self.audit.atomic():
            version = self.history.undelete(name)
            if version is not None:
                self.audit.record(current_actor(), Action.SECRET_UNDELETE, name, detail=f"version {version}")
        return version

    @override
    def deleted(self) -> list[SecretVersion]:
        return self.history.deleted()

    @override
    def find_damage(self, *, current_only: bool = False) -> list[DamagedVersion]:
        return self.history.find_damage(current_only=current_only)

    def _known(self, versions: Collection[tuple[str, int]]) -> list[tuple[str, int]]:
        known = {
            name: {each.version for each in self.history.versions(name)} for name in {name for name, _ in versions}
        }
        return [(name, version) for name, version in versions if version in known[name]]

"""Versions of secrets in memory."""

from collections.abc import Collection

from typing_extensions import override

from adapters.memory.secret_store import KeptSecret, KeptVersion, MemorySecretStore
from domain.errors import Conflict
from domain.ports import SecretHistory
from domain.secrets import DamagedVersion, Secret, SecretVersion


class MemorySecretHistory(SecretHistory):
    """Reads and changes what a `MemorySecretStore` keeps."""

    def __init__(self, store: MemorySecretStore) -> None:
        self._store = store

    @override
    def versions(self, name: str) -> list[SecretVersion]:
        with self._store.lock:
            secret = self._store.kept.get(name)
            return [] if secret is None else [_version(name, secret, v) for v in sorted(secret.versions, reverse=True)]

    @override
    def get_version(self, name: str, version: int) -> Secret | None:
        with self._store.lock:
            secret, kept = self._find(name, version)
            if secret is None or kept is None or kept.value is None:
                return None
            if version == secret.version and secret.is_expired(self._store.clock.now()):
                return None
            return Secret(
                name=name,
                value=kept.value,
                version=version,
                created_at=secret.created_at,
                updated_at=kept.created_at,
            )

    @override
    def destroy_many(self, versions: Collection[tuple[str, int]]) -> int:
        with self._store.lock:
            found = [kept for name, version in versions if (kept := self._destructible(name, version)) is not None]
            for kept in found:
                if kept.destroyed_at is None:
                    kept.value, kept.destroyed_at = None, self._store.clock.now()
            return len(found)

    def _destructible(self, name: str, version: int) -> KeptVersion | None:
        secret, kept = self._find(name, version)
        if secret is not None and kept is not None and _is_current(secret, version):
            raise Conflict(f"version {version} is what {name} holds now")
        return kept

    @override
    def undelete(self, name: str) -> int | None:
        with self._store.lock:
            secret = self._store.kept.get(name)
            if secret is None or secret.deleted_at is None:
                return None
            if secret.versions[secret.version].value is None:
                raise Conflict(f"the newest version of {name}, {secret.version}, was destroyed")
            secret.deleted_at = None
            return secret.version

    @override
    def deleted(self) -> list[SecretVersion]:
        with self._store.lock:
            return [
                _version(name, secret, secret.version)
                for name, secret in sorted(self._store.kept.items())
                if secret.deleted_at is not None
            ]

    @override
    def find_damage(self, *, current_only: bool = False) -> list[DamagedVersion]:
        return []  # nothing is sealed here

    def _find(self, name: str, version: int) -> tuple[KeptSecret | None, KeptVersion | None]:
        secret = self._store.kept.get(name)
        return secret, None if secret is None else secret.versions.get(version)


def _is_current(secret: KeptSecret, version: int) -> bool:
    return version == secret.version and secret.deleted_at is None


def _version(name: str, secret: KeptSecret, version: int) -> SecretVersion:
    kept = secret.versions[version]
    return SecretVersion(
        name=name,
        version=version,
        created_at=kept.created_at,
        destroyed_at=kept.destroyed_at,
        key_id=None,
        current=_is_current(secret, version),
        deleted_at=secret.deleted_at,
        expires_at=secret.expires_at if version == secret.version else None,
    )

"""Secrets in memory."""

from threading import Lock

from typing_extensions import override

from domain.errors import VersionConflict
from domain.ports import Clock, SecretStore
from domain.secrets import Secret, SecretInfo
from domain.values import parse_secret_name, parse_secret_value


class MemorySecretStore(SecretStore):
    """Secrets in a dict. The last version of a name outlives the secret, so that versions never come again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._secrets: dict[str, Secret] = {}
        self._last_versions: dict[str, int] = {}

    @override
    def get(self, name: str) -> Secret | None:
        with self._lock:
            return self._secrets.get(name)

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None) -> int:
        parse_secret_name(name)
        secret_value = parse_secret_value(name, value)
        now = self._clock.now()
        with self._lock:
            stored = self._secrets.get(name)
            actual = stored.version if stored else 0
            if expected_version is not None and expected_version != actual:
                raise VersionConflict(name, expected=expected_version, actual=actual)
            version = self._last_versions.get(name, 0) + 1
            self._last_versions[name] = version
            self._secrets[name] = Secret(
                name=name,
                value=secret_value,
                version=version,
                created_at=stored.created_at if stored else now,
                updated_at=now,
            )
        return version

    @override
    def delete(self, name: str) -> bool:
        with self._lock:
            return self._secrets.pop(name, None) is not None

    @override
    def list(self) -> list[SecretInfo]:
        with self._lock:
            return [_without_value(self._secrets[name]) for name in sorted(self._secrets)]


def _without_value(secret: Secret) -> SecretInfo:
    return SecretInfo(
        name=secret.name,
        version=secret.version,
        created_at=secret.created_at,
        updated_at=secret.updated_at,
        key_id=None,
    )

"""Secrets in memory."""

from dataclasses import dataclass, field
from threading import Lock

from typing_extensions import override

from domain.errors import VersionConflict
from domain.instants import in_range
from domain.ports import Clock, SecretStore
from domain.secrets import Secret, SecretInfo
from domain.values import SecretValue, parse_secret_name, parse_secret_value

VERSIONS_KEPT = 10
"""How many versions of a secret stay, the current one included."""


@dataclass(slots=True)
class KeptVersion:
    """One version; its value is None once it is destroyed."""

    value: SecretValue | None
    created_at: int
    destroyed_at: int | None = None


@dataclass(slots=True)
class KeptSecret:
    """A secret by its versions, the newest last. It outlives a delete, so that versions never come again."""

    created_at: int
    updated_at: int
    version: int = 0
    deleted_at: int | None = None
    expires_at: int | None = None
    versions: dict[int, KeptVersion] = field(default_factory=dict)

    def is_expired(self, now: int) -> bool:
        """Tell whether the current value is no longer to be given."""
        return self.expires_at is not None and now >= self.expires_at


class MemorySecretStore(SecretStore):
    """Secrets in a dict, `kept`, which `MemorySecretHistory` reads under the same `lock`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = Lock()
        self.kept: dict[str, KeptSecret] = {}

    @override
    def get(self, name: str) -> Secret | None:
        with self.lock:
            secret = self._live(name)
            if secret is None or secret.is_expired(self.clock.now()):
                return None
            value = secret.versions[secret.version].value
            assert value is not None  # noqa: S101 - the current version is never destroyed
            return Secret(
                name=name,
                value=value,
                version=secret.version,
                created_at=secret.created_at,
                updated_at=secret.updated_at,
            )

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        parse_secret_name(name)
        secret_value = parse_secret_value(name, value)
        expiry = None if expires_at is None else in_range(expires_at)
        with self.lock:
            self._compare(name, expected_version)
            now = self.clock.now()
            secret = self.kept.setdefault(name, KeptSecret(now, now))
            if secret.deleted_at is not None:
                secret.created_at, secret.deleted_at = now, None
            secret.version += 1
            secret.updated_at, secret.expires_at = now, expiry
            secret.versions[secret.version] = KeptVersion(secret_value, now)
            secret.versions.pop(secret.version - VERSIONS_KEPT, None)
            return secret.version

    @override
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        with self.lock:
            self._compare(name, expected_version)
            secret = self._live(name)
            if secret is not None:
                secret.deleted_at = self.clock.now()
            return secret is not None

    @override
    def info(self, name: str) -> SecretInfo | None:
        with self.lock:
            secret = self._live(name)
            return None if secret is None else _info(name, secret)

    def _live(self, name: str) -> KeptSecret | None:
        secret = self.kept.get(name)
        return None if secret is None or secret.deleted_at is not None else secret

    def _compare(self, name: str, expected_version: int | None) -> None:
        secret = self._live(name)
        actual = secret.version if secret else 0
        if expected_version is not None and expected_version != actual:
            raise VersionConflict(name, expected=expected_version, actual=actual)

    @override
    def list(self) -> list[SecretInfo]:
        with self.lock:
            return [_info(name, secret) for name in sorted(self.kept) if (secret := self._live(name))]


def _info(name: str, secret: KeptSecret) -> SecretInfo:
    return SecretInfo(
        name=name,
        version=secret.version,
        created_at=secret.created_at,
        updated_at=secret.updated_at,
        key_id=None,
        expires_at=secret.expires_at,
    )

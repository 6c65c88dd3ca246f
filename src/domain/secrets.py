"""Secrets: a name, a value that does not print, and a version that grows with every set."""

from dataclasses import dataclass

from domain.values import SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret with its value. Instants in milliseconds UTC."""

    name: str
    value: SecretValue
    version: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretInfo:
    """What may be shown of a secret. `key_id` is None where nothing is encrypted (files, memory)."""

    name: str
    version: int
    created_at: int
    updated_at: int
    key_id: str | None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretVersion:
    """One version of a secret, without its value. `key_id` is None once it is destroyed, and where nothing is sealed.

    The versions of a deleted secret stay until they are destroyed or too many; `deleted_at` is the secret's.
    `expires_at` is the secret's, too, and stands at its newest version only, which it is about.
    """

    name: str
    version: int
    created_at: int
    destroyed_at: int | None
    key_id: str | None
    current: bool
    deleted_at: int | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedVersion:
    """A version that is not as it was written, and why. `cause` is for machines (`Integrity.cause`).

    `in_row` is True where no value is damaged, but the secret is said to be at another version.
    """

    name: str
    version: int
    current: bool
    cause: str
    message: str
    advice: str | None
    in_row: bool = False

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

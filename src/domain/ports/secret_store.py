"""Where secrets are kept."""

from abc import abstractmethod
from typing import Protocol

from domain.secrets import Secret, SecretInfo


class SecretStore(Protocol):
    """Secrets by name. Each method is one transaction; what it returned from is durable."""

    @abstractmethod
    def get(self, name: str) -> Secret | None:
        """Return the secret, or None. Raises `Integrity`, naming it, if its value is damaged."""

    @abstractmethod
    def set(self, name: str, value: str, *, expected_version: int | None = None) -> int:
        """Store `value` under `name` and return the new version, greater than every one before.

        That holds across a delete, too. With `expected_version` the store first compares: 0 means
        that `name` must not exist. Raises `VersionConflict` (nothing is written) or `Invalid` (name
        or value malformed, or a name that this store cannot hold).
        """

    @abstractmethod
    def delete(self, name: str) -> bool:
        """Delete the secret; tells whether it was there."""

    @abstractmethod
    def list(self) -> list[SecretInfo]:
        """Return what may be shown of every secret, sorted by name. Decrypts nothing."""

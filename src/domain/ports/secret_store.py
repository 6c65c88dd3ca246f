"""Where secrets are kept."""

from abc import abstractmethod
from typing import Protocol

from domain.secrets import Secret, SecretInfo


class SecretStore(Protocol):
    """Secrets by name. Each method is one transaction; what it returned from is durable."""

    @abstractmethod
    def get(self, name: str) -> Secret | None:
        """Return the secret; None if it is not there, or has expired.

        Raises `Integrity`, naming it, if its value is damaged, expired or not, and `Tampered` if it is
        said to be at another version than the newest that is stored.
        """

    @abstractmethod
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        """Store `value` under `name` and return the new version, greater than every one before.

        That holds across a delete, too. With `expected_version` the store first compares: 0 means
        that `name` must not exist. Raises `VersionConflict` (nothing is written) or `Invalid` (name
        or value malformed, or a name that this store cannot hold). With `expires_at` (ms UTC) `get`
        answers None from that instant on; the secret is still listed, and versions compare as before.
        A `set` without it makes the secret one that does not expire. Stores of files keep no expiry:
        there it is `Invalid`.
        """

    @abstractmethod
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        """Delete the secret; tells whether it was there. A store with history keeps its versions.

        With `expected_version` the store first compares, as `set` does. Raises `VersionConflict`.
        """

    @abstractmethod
    def info(self, name: str) -> SecretInfo | None:
        """Return what may be shown of one secret, an expired one too; None if it is not there. Decrypts nothing."""

    @abstractmethod
    def list(self) -> list[SecretInfo]:
        """Return what may be shown of every secret, expired ones too, sorted by name. Decrypts nothing."""

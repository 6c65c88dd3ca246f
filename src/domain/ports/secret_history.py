"""The versions of secrets."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol

from domain.secrets import DamagedVersion, Secret, SecretVersion


class SecretHistory(Protocol):
    """What a secret was before. The newest ten versions stay; a deleted secret keeps its own."""

    @abstractmethod
    def versions(self, name: str) -> list[SecretVersion]:
        """Return the versions that are there, destroyed and deleted ones too, newest first; empty if none ever was."""

    @abstractmethod
    def get_version(self, name: str, version: int) -> Secret | None:
        """Return one version with its value; None if it is not there, or destroyed.

        None, too, for the newest version of a secret that has expired, deleted or not. `updated_at` is
        when this version was written. Raises `Integrity`, naming the secret, if it is damaged.
        """

    def destroy(self, name: str, version: int) -> bool:
        """Erase the bytes of one version for good: row, free pages and log. Tells whether it is there.

        The version stays listed as destroyed; to destroy it again is no error, and makes good what a
        killed process left undone. Raises `Conflict` for the current version of a secret that is not
        deleted (set another, or delete it, first), and `Busy` if the row is erased and another
        process kept the log from being so.
        """
        return self.destroy_many([(name, version)]) == 1

    @abstractmethod
    def destroy_many(self, versions: Collection[tuple[str, int]]) -> int:
        """Erase many versions, given by name and number, as `destroy` does one; returns how many are there.

        They are erased together, and what is left of them in free pages and log once, at the end.
        Raises `Conflict` if one is current; nothing is erased then.
        """

    @abstractmethod
    def undelete(self, name: str) -> int | None:
        """Bring a deleted secret back as it was; returns its version, None if there is no such deleted secret.

        Raises `Conflict` if its newest version was destroyed, and `Tampered` if the secret is said to
        have been at another.
        """

    @abstractmethod
    def deleted(self) -> list[SecretVersion]:
        """Return the newest version of every deleted secret, sorted by name."""

    @abstractmethod
    def find_damage(self, *, current_only: bool = False) -> list[DamagedVersion]:
        """Open every version there is, or the current ones; returns what is damaged, by name, newest first.

        Damaged is, too, a secret that is said to be at another version than its newest. The exact cause is
        sought for the first hundred only; those behind them may have `damaged` for a cause.
        """

"""Where backups of the database are kept."""

from abc import abstractmethod
from typing import Protocol

from domain.backups import Backup


class BackupStore(Protocol):
    """Backups: each a file of its own beside a manifest, verified before it gets its name."""

    @abstractmethod
    def create(self, *, covers: tuple[str, ...] = (), despite_damage: bool = False) -> Backup:
        """Copy the database as it is at one moment, open the copy, check it and decrypt all of it.

        `covers` is written into the manifest. Raises `DatabaseUnusable` (no room, no permission) or
        `Integrity` (the copy does not check); then no backup of that name exists. `despite_damage`
        keeps a copy in which a value does not open, as one that is not verified.
        """

    @abstractmethod
    def verify(self, file: str) -> Backup:
        """Check the backup `file` again: its bytes, its tables, and that every value opens with the master key.

        Raises `NotFound` if there is none of that name, `Integrity` (`KeyRefused` for another master key),
        or `Conflict` if this version cannot check it, for its schema is another.
        """

    @abstractmethod
    def list(self) -> list[Backup]:
        """Return the backups that have a manifest, oldest first."""

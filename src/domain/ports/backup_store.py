"""Where backups of the database are kept."""

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from domain.backups import Backup, Reason


class BackupStore(Protocol):
    """Backups: each a file of its own beside a manifest, verified before it gets its name."""

    @abstractmethod
    def create(
        self, *, reason: Reason = Reason.ASKED, covers: tuple[str, ...] = (), despite_damage: bool = False
    ) -> Backup:
        """Copy the database as it is at one moment, open the copy, check it and decrypt all of it.

        `covers` is written into the manifest. Raises `DatabaseUnusable` (no room, no permission) or
        `Integrity` (the copy does not check); then no backup of that name exists. `despite_damage`
        keeps a copy in which a value does not open, as one that is not verified.
        """

    @abstractmethod
    def verify(self, file: str) -> Backup:
        """Check the backup `file` again: its bytes, its tables, and that every value opens with the master key.

        One of an older schema is upgraded for that, in memory. Raises `NotFound` if there is none of that
        name, `Integrity` (`KeyRefused` for another master key), or `DatabaseUnusable` if its schema is newer.
        """

    @abstractmethod
    def list(self) -> list[Backup]:
        """Return the backups that have a manifest, oldest first."""

    @abstractmethod
    def remove(self, file: str) -> None:
        """Remove a backup and its manifest, durably; nothing else. Raises `NotFound`, or `DatabaseUnusable`."""

    @abstractmethod
    def opened(self, file: str) -> AbstractContextManager[BinaryIO]:
        """Open the file of a backup for reading. Raises `NotFound`, or `DatabaseUnusable`."""

    @abstractmethod
    def take_in(self, backup: Backup, fill: Callable[[BinaryIO], None]) -> None:
        """Store a backup that comes from elsewhere: what `fill` writes, if it is what the manifest describes.

        Raises `Conflict` if there is one of that name, `Invalid` if the name is not one of ours, `Integrity`
        if other bytes come, `DatabaseUnusable`, and what `fill` raises; then nothing of it is there.
        """

"""The places where we keep things, as the operating system sees them."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What a place is to us."""

    STATE = "state directory"
    CONFIG = "config directory"
    BACKUPS = "backup directory"
    KEY_FILE = "master key file"
    STAGED_KEY = "staged master key"
    UNFINISHED_KEY = "unfinished master key file"
    DATABASE = "database"
    BACKUP = "backup"

    @property
    def is_directory(self) -> bool:
        """Tell whether other things are kept in it."""
        return self in {Role.STATE, Role.CONFIG, Role.BACKUPS}

    @property
    def private_mode(self) -> int:
        """The permission bits with which it is open to its owner alone."""
        return 0o700 if self.is_directory else 0o600

    @property
    def is_written(self) -> bool:
        """Tell whether it is no use if we cannot write to it."""
        return self.is_directory or self is Role.DATABASE

    @property
    def holds_key(self) -> bool:
        """Tell whether who reads it has a master key."""
        return self in {Role.KEY_FILE, Role.STAGED_KEY, Role.UNFINISHED_KEY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is there. `mode` holds the permission bits; `ours`: it belongs to our user, or to root.

    `refusal` says in the system's words why our user cannot write to it, and is None if it can.
    """

    role: Role
    path: str
    mode: int
    ours: bool
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What an interrupted act left behind: half a backup, half a key file, or the next key.

    `is_key_file`: it is another name of the key file itself; to overwrite it is to lose the key.
    """

    role: Role
    path: str
    is_key_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bytes free where something is to be written, and the bytes that the database takes now."""

    directory: str
    free: int
    database: int


class Places(Protocol):
    """Looks, and changes nothing but what it is told to."""

    @abstractmethod
    def look(self) -> list[Place]:
        """Return the places that are there; the log, each manifest and what is unfinished, too.

        Raises `DatabaseUnusable`.
        """

    @abstractmethod
    def unfinished(self) -> list[Leftover]:
        """Return what interrupted acts left behind, sorted by path; not what is just being written.

        Raises `DatabaseUnusable`.
        """

    @abstractmethod
    def close_to_others(self, place: Place) -> None:
        """Let a place of ours be open to its owner alone: 0600, a directory 0700. Raises `DatabaseUnusable`."""

    @abstractmethod
    def discard(self, leftover: Leftover) -> None:
        """Remove half a backup, and nothing that may hold a key. Raises `DatabaseUnusable`."""

    @abstractmethod
    def room(self) -> list[Room]:
        """Tell how much is free in the state and in the backup directory; once if they are on one disk.

        Raises `DatabaseUnusable`.
        """

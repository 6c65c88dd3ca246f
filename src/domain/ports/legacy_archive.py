"""Where the bytes of removed files are kept, sealed, for the way back."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from domain.legacy.files import LegacyFile, LegacyRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedFile:
    """What may be shown of an archived file. `mtime_ns` is the file's, `archived_at` ours (ms UTC)."""

    ref: LegacyRef
    bytes: int
    mode: int
    mtime_ns: int
    archived_at: int


class LegacyArchive(Protocol):
    """The archive. It is a `LegacyFileSource` as well, under which its files can be read back."""

    @abstractmethod
    def keep(self, file: LegacyFile) -> None:
        """Keep a file's bytes, mode and mtime. The same bytes of the same path are kept once.

        Keeping them again makes them young again, at a day's grain: a file that cannot be removed
        costs no write at every start.
        """

    @abstractmethod
    def contents(self) -> list[ArchivedFile]:
        """Return what is kept, sorted by path, oldest first."""

    @abstractmethod
    def expire(self, before: int) -> int:
        """Forget what was archived before the instant `before` (ms UTC); returns how many files."""

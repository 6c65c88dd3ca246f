"""Where old files are put back."""

from abc import abstractmethod
from typing import Protocol

from domain.legacy.files import LegacyFile


class LegacyFileSink(Protocol):
    """A new or empty directory with `state/` and `config/` below it, as the old directories were."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the directory. Raises `Conflict` if it holds anything."""

    @abstractmethod
    def finish(self) -> None:
        """Remove what writing has left beside the files, such as locks."""

    @abstractmethod
    def put(self, file: LegacyFile) -> None:
        """Write one file, durably: its bytes, mode and mtime as they were."""

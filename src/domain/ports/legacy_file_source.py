"""Where the old files come from."""

from abc import abstractmethod
from typing import Protocol

from domain.errors import DomainError
from domain.legacy.files import Fingerprint, LegacyFile, LegacyRef


class SourceUnreadable(DomainError):
    """The file could not be read just now: permissions, an I/O fault, or it changed meanwhile."""

    code = "source_unreadable"


class SourceTooLarge(DomainError):
    """The file is larger than such a file may be; it was not read."""

    code = "source_too_large"


class SourceChanged(DomainError):
    """The file is no longer what was read; it was left as it is."""

    code = "source_changed"


class SourceRemains(DomainError):
    """The file cannot be removed: a read-only or immutable place, or no permission."""

    code = "source_remains"


class LegacyFileSource(Protocol):
    """The files of the old version. Never follows a link, never blocks, never removes bytes it did not read."""

    @abstractmethod
    def list(self) -> list[LegacyRef]:
        """Return every entry that is, or may once have been, one of the old files, sorted.

        Entries that are no regular files are listed with their kind. A place that cannot be looked
        into is listed as `Kind.UNREADABLE`; a place that does not exist is not listed.
        """

    @abstractmethod
    def read(self, ref: LegacyRef) -> LegacyFile:
        """Return the file as it is now. Raises `SourceUnreadable`, `SourceTooLarge` or `NotFound`."""

    @abstractmethod
    def remove(self, ref: LegacyRef, fingerprint: Fingerprint) -> None:
        """Remove the file that was read, durably. Doing so twice is not an error.

        Raises `SourceChanged` if it is not that file any more (it then stays), `SourceRemains` if it
        cannot be removed.
        """

    @abstractmethod
    def can_remove(self, ref: LegacyRef) -> bool:
        """Tell whether `remove` would be let to, as far as can be told without trying; writes nothing."""

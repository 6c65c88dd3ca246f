"""Searching files for secrets in the clear."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol

from domain.ports.progress import Progress
from domain.remnants import RemnantReport, StoredValue


class RemnantSearch(Protocol):
    """Looks where plaintext could have been left: state and backup directory, places of old files and of the key."""

    @abstractmethod
    def search(self, values: Iterable[StoredValue], progress: Progress) -> RemnantReport:
        """Look for every value in every form of `domain.remnants.forms`. Changes nothing.

        A master key is not looked for in the key file itself, nor anything in what others keep beside
        our files. Memory is bounded by what is looked for, not by the size of the files. `progress` is told
        often; what was found names no value.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the files. Only after the database is closed: closing a file of it drops SQLite's locks."""

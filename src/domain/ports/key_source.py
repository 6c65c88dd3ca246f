"""Where the master key comes from."""

from abc import abstractmethod
from typing import Protocol

from domain.keys import MasterKey


class KeySource(Protocol):
    """The configured places of the master key, taken together. One of them is a file of ours, the key file.

    The key file is replaced in two steps, so that at every moment, killed or not, there is a key that
    opens the database: `stage` lays the next key beside it, the data keys are wrapped anew, and
    `promote` puts the staged key in its place. Both are done under the lock of the state directory.
    """

    @abstractmethod
    def load(self) -> MasterKey | None:
        """Return the key, or None if it is in none of the places. What is staged is no such place.

        Raises `KeyRefused` if one is unreadable or malformed, or if two hold different keys.
        """

    @abstractmethod
    def create(self) -> MasterKey:
        """Make a new key where one is kept by default, durably, readable by its owner only.

        If another process has just made one, that one is returned.
        """

    @abstractmethod
    def read(self, path: str) -> MasterKey:
        """Return the key in a file that is none of the places. Raises `KeyRefused` if it is missing or malformed."""

    @abstractmethod
    def stage(self, key: MasterKey) -> bool:
        """Lay `key` beside the key file, durably, readable by its owner only; tells whether there is a key file.

        Where there is none nothing is laid down. Raises `KeyRefused` if it cannot be written.
        """

    @abstractmethod
    def staged(self) -> MasterKey | None:
        """Return the key that is staged, or None. Raises `KeyRefused` if it is malformed."""

    @abstractmethod
    def promote(self) -> None:
        """Put the staged key in the place of the key file, durably. Raises `KeyRefused` if that fails."""

    @abstractmethod
    def discard(self) -> None:
        """Remove the staged key, durably, if there is one."""

    @abstractmethod
    def places(self) -> list[str]:
        """Name the places that `load` looks at, for people."""

    @abstractmethod
    def elsewhere(self) -> list[str]:
        """Say, for each place but the key file that holds a key, how a person puts another key there."""

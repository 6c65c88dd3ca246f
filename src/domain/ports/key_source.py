"""Where the master key comes from."""

from abc import abstractmethod
from typing import Protocol

from domain.keys import MasterKey


class KeySource(Protocol):
    """The configured places of the master key, taken together."""

    @abstractmethod
    def load(self) -> MasterKey | None:
        """Return the key, or None if it is in none of the places.

        Raises `KeyRefused` if one is unreadable or malformed, or if two hold different keys.
        """

    @abstractmethod
    def create(self) -> MasterKey:
        """Make a new key where one is kept by default, durably, readable by its owner only.

        If another process has just made one, that one is returned.
        """

    @abstractmethod
    def places(self) -> list[str]:
        """Name the places that `load` looks at, for people."""

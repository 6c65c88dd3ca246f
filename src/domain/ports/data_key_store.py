"""Where the wrapped data keys are kept."""

from abc import abstractmethod
from typing import Protocol

from domain.keys import DataKey


class DataKeyStore(Protocol):
    """Data keys, wrapped by the master key."""

    @abstractmethod
    def add(self, keys: list[DataKey]) -> None:
        """Store new data keys, all or none."""

    @abstractmethod
    def list(self) -> list[DataKey]:
        """Return every data key, oldest first."""

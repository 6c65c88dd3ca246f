"""What time it is."""

from abc import abstractmethod
from typing import Protocol


class Clock(Protocol):
    """The wall clock."""

    @abstractmethod
    def now(self) -> int:
        """Return the current instant in milliseconds UTC."""

    @abstractmethod
    def wait(self, ms: int) -> None:
        """Return when `ms` have gone by."""

"""Where settings that were changed at run time are kept."""

from abc import abstractmethod
from typing import Protocol


class SettingStore(Protocol):
    """Settings by lower-case name, as text."""

    @abstractmethod
    def all(self) -> dict[str, str]:
        """Return every stored setting."""

    @abstractmethod
    def set(self, name: str, value: str) -> None:
        """Store a setting."""

    @abstractmethod
    def unset(self, name: str) -> bool:
        """Forget a setting; tells whether it was there."""

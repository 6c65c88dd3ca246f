"""The program that started us, and waits to hear how we are."""

from abc import abstractmethod
from typing import Protocol


class ServiceManager(Protocol):
    """Nothing that it is told fails or waits long: where nobody listens, it is told in vain."""

    @property
    @abstractmethod
    def patience_s(self) -> float | None:
        """How many seconds it hears nothing before it ends us; None if it does not listen for that."""

    @abstractmethod
    def status(self, line: str) -> None:
        """Say in one line, for people, what we do."""

    @abstractmethod
    def needs(self, seconds: float) -> None:
        """Ask that the start, or the stop, may take `seconds` from now on."""

    @abstractmethod
    def ready(self) -> None:
        """Say that the start has ended and that we serve."""

    @abstractmethod
    def alive(self) -> None:
        """Say that we are not stuck. To be called from where it would be noticed."""

    @abstractmethod
    def stopping(self) -> None:
        """Say that we are about to end."""

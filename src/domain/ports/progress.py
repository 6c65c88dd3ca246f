"""How far a long job is."""

from abc import abstractmethod
from typing import Protocol


class Progress(Protocol):
    """Someone who wants to know."""

    @abstractmethod
    def report(self, stage: str, done: int, total: int) -> None:
        """Say that `done` of `total` steps of `stage` are done. Called often; must be cheap."""

    @abstractmethod
    def note(self, message: str) -> None:
        """Say something that a person who waits should know, such as why we wait."""

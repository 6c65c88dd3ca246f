"""Folding a write-ahead log into its database."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What was done: `pages` in the log, how many of them are `folded` in by now, and whether the log was `emptied`."""

    pages: int
    folded: int
    emptied: bool


class Checkpoints(Protocol):
    """Keeps the log short without keeping anybody waiting."""

    @abstractmethod
    def run(self) -> Checkpoint:
        """Fold in what can be folded in beside readers and writers; empty a log that has grown large.

        Raises `Busy` or `DatabaseUnusable`.
        """

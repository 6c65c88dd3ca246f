"""One process at a time."""

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Lock(Protocol):
    """A lock over one state directory that dies with the process that holds it."""

    @abstractmethod
    def hold(self, *, patience_ms: int, on_wait: Callable[[], None] | None = None) -> AbstractContextManager[None]:
        """Hold the lock for a `with` block.

        If another process has it, `on_wait` is called once and we wait up to `patience_ms`.
        Raises `Busy`, naming the holder's process where known.
        """

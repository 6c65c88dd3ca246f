"""A lock between threads that keeps the manners of the lock between processes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from typing_extensions import override

from domain.errors import Busy
from domain.ports import Lock


class MemoryLock(Lock):
    """One holder at a time; it is not reentrant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @override
    def hold(self, *, patience_ms: int, on_wait: Callable[[], None] | None = None) -> AbstractContextManager[None]:
        return self._held(patience_ms, on_wait)

    @contextmanager
    def _held(self, patience_ms: int, on_wait: Callable[[], None] | None) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            if on_wait is not None:
                on_wait()
            if not self._lock.acquire(timeout=patience_ms / 1_000):
                raise Busy("the lock is held elsewhere in this process", advice="try again later")
        try:
            yield
        finally:
            self._lock.release()

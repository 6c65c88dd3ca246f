"""A clock that stands still until it is told otherwise."""

from threading import Lock

from typing_extensions import override

from domain.ports import Clock

NOON_2026_11_24 = 1_795_521_600_000


class ManualClock(Clock):
    """Shows `now` (ms UTC) until `advance` or `set` says otherwise."""

    def __init__(self, now: int = NOON_2026_11_24) -> None:
        self._lock = Lock()
        self._now = now

    @override
    def now(self) -> int:
        return self._now

    @override
    def wait(self, ms: int) -> None:
        self.advance(ms)

    def advance(self, ms: int) -> int:
        """Move on by `ms` (back, if negative) and return the new instant."""
        with self._lock:
            self._now += ms
            return self._now

    def set(self, now: int) -> None:
        """Show `now` from here on."""
        with self._lock:
            self._now = now

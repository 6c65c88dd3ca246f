"""Leases in memory."""

from threading import Lock

from typing_extensions import override

from domain.ports import Clock, Lease, Leases


class MemoryLeases(Leases):
    """Leases in a dict. A holder in memory is gone only when everything is, so here they end by time alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._fences: dict[str, int] = {}
        self._held_until: dict[str, int] = {}

    @override
    def acquire(self, name: str, *, ttl_ms: int) -> Lease | None:
        with self._lock:
            now = self._clock.now()
            if self._held_until.get(name, now) > now:
                return None
            self._held_until[name] = now + ttl_ms
            self._fences[name] = self._fences.get(name, 0) + 1
            return Lease(name, self._fences[name])

    @override
    def release(self, lease: Lease) -> None:
        with self._lock:
            if self._fences.get(lease.name) == lease.fence:
                self._held_until.pop(lease.name, None)

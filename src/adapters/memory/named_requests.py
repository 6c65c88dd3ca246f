"""Requests that must not be done twice, in memory."""

from dataclasses import replace
from threading import Lock

from typing_extensions import override

from domain.ports import Clock, NamedRequests
from domain.requests import KEPT_FOR_MS, NamedRequest, Reply


class MemoryNamedRequests(NamedRequests):
    """Requests in a dict."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._requests: dict[str, NamedRequest] = {}

    @override
    def begin(self, key: str, fingerprint: str) -> NamedRequest | None:
        now = self._clock.now()
        with self._lock:
            recent = {k: each for k, each in self._requests.items() if each.begun_at >= now - KEPT_FOR_MS}
            known = recent.setdefault(key, begun := NamedRequest(fingerprint=fingerprint, begun_at=now))
            self._requests = recent
        return None if known is begun else known

    @override
    def finish(self, key: str, reply: Reply) -> None:
        with self._lock:
            if key in self._requests:
                self._requests[key] = replace(self._requests[key], reply=reply)

    @override
    def abandon(self, key: str) -> None:
        with self._lock:
            if key in self._requests and self._requests[key].reply is None:
                del self._requests[key]

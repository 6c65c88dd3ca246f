"""Authorizations under way, in memory."""

from threading import Lock

from typing_extensions import override

from domain.connections import PendingAuthorization
from domain.ports import Clock, PendingAuthorizations
from domain.values import SecretValue


class MemoryPendingAuthorizations(PendingAuthorizations):
    """Authorizations, and what came back for them, in two dicts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._pending: dict[str, PendingAuthorization] = {}
        self._answers: dict[str, SecretValue] = {}

    @override
    def add(self, pending: PendingAuthorization) -> None:
        with self._lock:
            for digest in [digest for digest in self._pending if self._alive(digest) is None]:
                self._forget(digest)
            self._pending[pending.state_digest] = pending

    @override
    def find(self, state_digest: str) -> PendingAuthorization | None:
        with self._lock:
            return self._alive(state_digest)

    @override
    def take(self, state_digest: str, *, forge: str, starter_digest: str) -> PendingAuthorization | None:
        with self._lock:
            pending = self._alive(state_digest)
            if pending is None or (pending.forge, pending.starter_digest) != (forge, starter_digest):
                return None
            self._forget(state_digest)
            return pending

    @override
    def hand_over(self, state_digest: str, answer: SecretValue) -> bool:
        with self._lock:
            pending = self._alive(state_digest)
            if pending is None or not pending.at_terminal:
                return False
            self._answers.setdefault(state_digest, answer)
            return True

    @override
    def answer_to(self, state_digest: str) -> SecretValue | None:
        with self._lock:
            return self._answers.get(state_digest) if self._alive(state_digest) else None

    def _alive(self, state_digest: str) -> PendingAuthorization | None:
        pending = self._pending.get(state_digest)
        return pending if pending is not None and pending.expires_at > self._clock.now() else None

    def _forget(self, state_digest: str) -> None:
        del self._pending[state_digest]
        self._answers.pop(state_digest, None)

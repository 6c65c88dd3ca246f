"""The audit log in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from typing_extensions import override

from domain.audit import BEGINNING, Action, AuditEvent, Checkpoint, event_behind, faults_in
from domain.ports import AuditLog, Cipher, Clock


class MemoryAuditLog(AuditLog):
    """Events in a list. `atomic` takes back what was recorded, not what was stored: memory has no transactions."""

    def __init__(self, cipher: Cipher, clock: Clock) -> None:
        self._cipher = cipher
        self._clock = clock
        self._lock = RLock()
        self._events: list[AuditEvent] = []
        self._tail = BEGINNING

    @override
    def has_begun(self) -> bool:
        return True  # nobody can remove it from outside

    @override
    def begin(self) -> None:
        pass

    @override
    def check(self) -> None:
        pass

    @override
    def record(
        self, actor: str, action: Action, subject: str, *, outcome: str = "ok", detail: str | None = None
    ) -> AuditEvent:
        with self._lock:
            event = event_behind(
                self.head(),
                at=self._clock.now(),
                actor=actor,
                action=action,
                subject=subject,
                outcome=outcome,
                detail=detail,
                chained=self._chained,
            )
            self._events.append(event)
        return event

    @override
    @contextmanager
    def atomic(self) -> Iterator[None]:
        with self._lock:
            before = self._events.copy(), self._tail
            try:
                yield
            except BaseException:
                self._events, self._tail = before
                raise

    @override
    def head(self) -> Checkpoint:
        with self._lock:
            return self._events[-1].place if self._events else self._tail

    @override
    def verify(self, *, known: Checkpoint | None = None) -> list[str]:
        with self._lock:
            faults = list(faults_in(self._events, tail=self._tail, head=self.head(), chained=self._chained))
            places = {self._tail, *(event.place for event in self._events)}
            if known is not None and known.sequence >= self._tail.sequence and known not in places:
                faults.append(f"event {known.sequence}, known as {known.chain}, is not part of the log")
        return faults

    @override
    def count_before(self, before: int) -> int:
        with self._lock:
            kept = (number for number, event in enumerate(self._events) if event.at >= before)
            return next(kept, len(self._events))

    @override
    def prune(self, before: int) -> int:
        with self._lock:
            gone = self.count_before(before)
            if gone:
                self._tail = self._events[gone - 1].place
                self._events = self._events[gone:]
        return gone

    def _chained(self, event: AuditEvent, previous: str) -> str:
        return self._cipher.digest("audit event", event.link(previous))

    @override
    def list(
        self,
        *,
        action: Action | None = None,
        actor: str | None = None,
        subject: str | None = None,
        since: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditEvent]:
        with self._lock:
            newest_first = self._events[::-1]
        return [
            event
            for event in newest_first
            if action in {None, event.action}
            and actor in {None, event.actor}
            and subject in {None, event.subject}
            and (since is None or event.at >= since)
            and (before is None or event.sequence < before)
        ][:limit]

"""Sessions in memory."""

from collections.abc import Iterable
from itertools import islice
from threading import Lock

from typing_extensions import override

from domain.ports import Clock, SessionStore
from domain.sessions import Session


class MemorySessionStore(SessionStore):
    """Sessions in a dict."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._sessions: dict[str, Session] = {}

    @override
    def get(self, key: str) -> Session | None:
        with self._lock:
            return self._sessions.get(key)

    @override
    def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        instant = self._clock.now() if used_at is None else used_at
        session = Session(key, session_id, last_used_at=instant, created_at=instant).checked()
        with self._lock:
            stored = self._sessions.get(key, session)
            self._sessions[key] = session._replace(created_at=stored.created_at)

    @override
    def delete(self, key: str) -> bool:
        with self._lock:
            return self._sessions.pop(key, None) is not None

    @override
    def prune_stale(self, before: int) -> int:
        with self._lock:
            fresh = {key: session for key, session in self._sessions.items() if session.last_used_at >= before}
            pruned = len(self._sessions) - len(fresh)
            self._sessions = fresh
        return pruned

    @override
    def count_stale(self, before: int) -> int:
        with self._lock:
            return sum(session.last_used_at < before for session in self._sessions.values())

    @override
    def put_many(self, sessions: Iterable[Session]) -> int:
        newest: dict[str, Session] = {}
        for session in sessions:
            _keep_later(newest, session.checked())
        with self._lock:
            return sum(_keep_later(self._sessions, session) for session in newest.values())

    @override
    def count(self) -> int:
        with self._lock:
            return len(self._sessions)

    @override
    def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        with self._lock:
            keys = sorted(key for key in self._sessions if key.startswith(prefix) and (after is None or key > after))
            return [self._sessions[key] for key in islice(keys, limit)]


def _keep_later(kept: dict[str, Session], session: Session) -> bool:
    rival = kept.get(session.key)
    if rival is not None and rival.last_used_at >= session.last_used_at:
        return False
    kept[session.key] = session
    return True

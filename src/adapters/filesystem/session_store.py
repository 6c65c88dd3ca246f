"""Sessions in `sessions.json`, as the old version kept them."""

import json
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from adapters.filesystem.atomic import make_private_directory, write_durably
from adapters.filesystem.faults import translated
from adapters.filesystem.lock import locked
from adapters.filesystem.reading import read_regular
from domain.errors import Integrity
from domain.legacy.files import SESSIONS_FILE, size_limit
from domain.legacy.sessions_file import SessionsFile, parse_sessions_file, summary
from domain.legacy.text import Malformed
from domain.ports import Clock, SessionStore
from domain.sessions import Session

_PATIENCE_MS = 30_000

Sessions = dict[str, Session]
Result = TypeVar("Result")


class FileSessionStore(SessionStore):
    """Sessions in one JSON file at `path`, read whole by every call and replaced whole by every change.

    Malformed records are passed over in reading. A file that has any is not written: they would be lost.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._lock = path.with_name(f".{path.name}.lock")
        self._clock = clock

    @override
    def get(self, key: str) -> Session | None:
        return self._load().get(key)

    @override
    def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        instant = self._clock.now() if used_at is None else used_at
        session = Session(key, session_id, last_used_at=instant, created_at=instant).checked()

        def put(sessions: Sessions) -> None:
            stored = sessions.get(key, session)
            sessions[key] = session._replace(created_at=stored.created_at)

        self._change(put)

    @override
    def delete(self, key: str) -> bool:
        if key not in self._load():
            return False
        return self._change(lambda sessions: sessions.pop(key, None) is not None)

    @override
    def prune_stale(self, before: int) -> int:
        if not self.count_stale(before):
            return 0

        def prune(sessions: Sessions) -> int:
            stale = [key for key, session in sessions.items() if session.last_used_at < before]
            for key in stale:
                del sessions[key]
            return len(stale)

        return self._change(prune)

    @override
    def count_stale(self, before: int) -> int:
        return sum(session.last_used_at < before for session in self._load().values())

    @override
    def put_many(self, sessions: Iterable[Session]) -> int:
        newest: Sessions = {}
        for session in sessions:
            _keep_later(newest, session.checked())
        if not newest:
            return 0
        return self._change(lambda stored: sum(_keep_later(stored, session) for session in newest.values()))

    @override
    def count(self) -> int:
        return len(self._load())

    def _load(self) -> Sessions:
        return {session.key: session for session in self._parsed().sessions}

    def _parsed(self) -> SessionsFile:
        with translated(self._path.name):
            try:
                content, _ = read_regular(self._path, size_limit(SESSIONS_FILE))
            except FileNotFoundError:
                return SessionsFile(sessions=[], bad=[])
        try:
            return parse_sessions_file(content)
        except Malformed as error:
            raise Integrity(f"{self._path.name}: {error.message}") from None

    def _change(self, change: Callable[[Sessions], Result]) -> Result:
        """Let `change` work on what is stored, and store what it leaves, if that is something else."""
        with locked(self._lock, patience_ms=_PATIENCE_MS), translated(self._path.name):
            stored = self._load_all()
            changed = dict(stored)
            result = change(changed)
            if changed != stored:
                make_private_directory(self._path.parent)
                write_durably(self._path, _serialised(changed))
        return result

    def _load_all(self) -> Sessions:
        parsed = self._parsed()
        if parsed.bad:
            raise Integrity(
                f"{self._path.name} holds malformed records, which a change would lose: {summary(parsed.bad)}",
                advice="mend them or take them out",
            )
        return {session.key: session for session in parsed.sessions}

    @override
    def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        sessions = self._load()
        keys = sorted(key for key in sessions if key.startswith(prefix) and (after is None or key > after))
        return [sessions[key] for key in islice(keys, limit)]


def _keep_later(kept: Sessions, session: Session) -> bool:
    rival = kept.get(session.key)
    if rival is not None and rival.last_used_at >= session.last_used_at:
        return False
    kept[session.key] = session
    return True


def _serialised(sessions: Sessions) -> bytes:
    document = {
        key: {"id": session.session_id, "last_used_at": session.last_used_at, "created_at": session.created_at}
        for key, session in sorted(sessions.items())
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()

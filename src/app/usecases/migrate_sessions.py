"""Migration 013: the map of SDK sessions, from `sessions.json` into `claude_sdk_sessions`."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from typing_extensions import override

from app.usecases.legacy_migration import Held, LegacyMigration, Reading, Standing
from domain.legacy.files import SESSIONS_FILE, LegacyFile, LegacyRef, Root
from domain.legacy.sessions_file import parse_sessions_file
from domain.ports import Progress, SessionStore
from domain.sessions import Session

PAGE = 10_000
_REPORTED_EVERY = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateSessions(LegacyMigration[list[Session]]):
    """One file, many rows, merged: of two records of one key the one used later stays."""

    sessions: SessionStore
    fresh_sessions: Callable[[], AbstractContextManager[SessionStore]]
    progress: Progress

    @property
    @override
    def id(self) -> str:
        return "013-migrate-sessions-to-db"

    @override
    def claims(self, ref: LegacyRef) -> bool:
        return ref.root is Root.STATE and SESSIONS_FILE in ref.logical

    @override
    def parse(self, file: LegacyFile) -> Reading[list[Session]]:
        self.progress.report("reading sessions.json", 0, 1)
        read = parse_sessions_file(file.content)
        self.progress.report("reading sessions.json", 1, 1)
        return Reading(
            value=read.sessions,
            identity=_identity(read.sessions),
            place="claude_sdk_sessions",
            records=len(read.sessions),
            bad=tuple(read.bad),
        )

    @override
    def compare(self, reading: Reading[list[Session]]) -> Standing:
        if not self.sessions.count():
            return Standing(held=Held.NOTHING)
        stays, missing = set(), False
        for session, held in _differing(reading.value, self.sessions):
            if held is None or held.last_used_at < session.last_used_at:
                missing = True
            else:
                stays.add(session.key)
        return Standing(held=Held.NOTHING if missing else Held.THE_SAME, stays=frozenset(stays))

    @override
    def store(self, reading: Reading[list[Session]], *, replace: bool) -> None:
        self.sessions.put_many(self._counted("storing sessions", reading.value))

    @override
    def is_stored(self, reading: Reading[list[Session]], standing: Standing) -> bool:
        report = partial(self.progress.report, "checking sessions")
        with self.fresh_sessions() as sessions:
            return all(
                held is not None and (session.key in standing.stays or held.last_used_at > session.last_used_at)
                for session, held in _differing(reading.value, sessions, report)
            )

    def _counted(self, stage: str, sessions: list[Session]) -> Iterator[Session]:
        total = len(sessions)
        for done, session in enumerate(sessions):
            if done % _REPORTED_EVERY == 0:
                self.progress.report(stage, done, total)
            yield session
        self.progress.report(stage, total, total)


def _say_nothing(_done: int, _total: int) -> None:
    pass


def _differing(
    sessions: list[Session], store: SessionStore, report: Callable[[int, int], None] = _say_nothing
) -> Iterator[tuple[Session, Session | None]]:
    """Give each of `sessions`, sorted by key, that is not in the store as it is, with what is under its key."""
    at = 0
    for page in _pages(store):
        report(at, len(sessions))
        if page == sessions[at : at + len(page)]:  # all there is after a first migration, and compared in one go
            at += len(page)
            continue
        held = {session.key: session for session in page}
        while at < len(sessions) and sessions[at].key <= page[-1].key:
            session = sessions[at]
            if held.get(session.key) != session:
                yield session, held.get(session.key)
            at += 1
    for session in sessions[at:]:
        yield session, None
    report(len(sessions), len(sessions))


def _pages(store: SessionStore) -> Iterator[list[Session]]:
    after: str | None = None
    while page := store.list(after=after, limit=PAGE):
        yield page
        after = page[-1].key


def _identity(sessions: list[Session]) -> bytes:
    digest = hashlib.sha256()
    for start in range(0, len(sessions), PAGE):
        page = sessions[start : start + PAGE]
        lines = [f"{s.key}\n{s.session_id}\n{s.last_used_at}\n{s.created_at}\n" for s in page]
        digest.update("".join(lines).encode())
    return digest.digest()

"""The calls of a session store, each as a conversation."""

from collections.abc import Iterable

from app.client.answers import document, document_or_none
from app.client.documents import Document, member, next_page, objects
from app.client.exchange import Conversation, Request, path, query, sending
from domain.errors import Invalid
from domain.instants import EARLIEST_MS, END_MS, in_range
from domain.sessions import Session
from domain.values import TEXT_LIMIT, has_control, is_broken_text, parse_session_id, parse_session_key

HIGHEST_LIMIT = 1_000
"""The most sessions of a page."""


def find(key: str) -> Conversation[Session | None]:
    """Get a session. A malformed key is not asked for: it is not there."""
    if not _is_key(key):
        return None
    found = document_or_none((yield Request("GET", path("sessions", key))))
    return None if found is None else _session(found)


def put(key: str, session_id: str, used_at: int | None) -> Conversation[None]:
    """Set a session. Without an instant it is the service's now."""
    body: dict[str, object] = {"session_id": parse_session_id(session_id)}
    if used_at is not None:
        body["used_at"] = in_range(used_at)
    document((yield sending("PUT", path("sessions", parse_session_key(key)), body)))


def remove(key: str) -> Conversation[bool]:
    """Delete a session."""
    if not _is_key(key):
        return False
    return document_or_none((yield Request("DELETE", path("sessions", key)))) is not None


def prune(before: int, *, dry_run: bool) -> Conversation[int]:
    """Forget what was used before an instant, or count it. Beyond our time every instant means the same."""
    body = {"before": min(max(before, EARLIEST_MS), END_MS), "dry_run": dry_run}
    return member(document((yield sending("POST", path("sessions", "prune"), body))), "pruned", int)


def pages(prefix: str, after: str | None, limit: int | None) -> Conversation[list[Session]]:
    """List sessions, page by page."""
    found: list[Session] = []
    # No key holds NUL, and none is longer: no key sorts between what is left of `after` here and the whole.
    behind = None if after is None else after.partition("\0")[0][:TEXT_LIMIT]
    if has_control(prefix) or len(prefix) > TEXT_LIMIT or is_broken_text(behind or ""):
        return found
    while limit is None or len(found) < limit:
        most = HIGHEST_LIMIT if limit is None else min(limit - len(found), HIGHEST_LIMIT)
        page = document((yield Request("GET", path("sessions") + query(prefix=prefix, after=behind, limit=most))))
        found += map(_session, objects(page, "sessions"))
        behind = next_page(page, behind)
        if behind is None:
            break
    return found


def merge(sessions: Iterable[Session]) -> Conversation[int]:
    """Merge sessions, in one request: only so they are written all or none."""
    merged = [session.checked()._asdict() for session in sessions]
    if not merged:
        return 0
    return member(document((yield sending("POST", path("sessions", "merge"), {"sessions": merged}))), "written", int)


def count() -> Conversation[int]:
    """Count the sessions."""
    return member(document((yield Request("GET", path("sessions", "count")))), "count", int)


def _is_key(key: str) -> bool:
    try:
        parse_session_key(key)
    except Invalid:
        return False
    return True


def _session(found: Document) -> Session:
    return Session(
        key=member(found, "key", str),
        session_id=member(found, "session_id", str),
        last_used_at=member(found, "last_used_at", int),
        created_at=member(found, "created_at", int),
    )

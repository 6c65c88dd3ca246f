"""`sessions.json`: `"<forge>:<agent>:<repo>:<issue>" -> {"id": …, "last_used_at": …}`."""

from dataclasses import dataclass
from operator import attrgetter

from domain.errors import Invalid
from domain.instants import parse_instant
from domain.legacy.text import Malformed, parse_json_object
from domain.sessions import Session
from domain.values import has_control, parse_session_id, parse_session_key

_NAMED_AT_MOST = 5
_SHOWN_KEY_AT_MOST = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsFile:
    """What a `sessions.json` holds: the good records sorted by key, and of each bad one where and why."""

    sessions: list[Session]
    bad: list[str]


def parse_sessions_file(content: bytes) -> SessionsFile:
    """Read every record; a bad one is named and left out. Raises `Malformed` if the file is, or all records are."""
    document = parse_json_object(content, show_key=lambda _key: True)
    sessions, bad = [], []
    while document:
        key, record = document.popitem()
        try:
            sessions.append(_session(key, record))
        except Invalid as error:
            bad.append(f"{_shown(key)}: {error.message}")
    if bad and not sessions:
        raise Malformed(f"every record is bad: {summary(bad)}")
    sessions.sort(key=attrgetter("key"))
    bad.sort()
    return SessionsFile(sessions=sessions, bad=bad)


def summary(bad: list[str]) -> str:
    """Name the first few bad records and count the rest."""
    named = "; ".join(bad[:_NAMED_AT_MOST])
    rest = len(bad) - _NAMED_AT_MOST
    return f"{named}; and {rest} more" if rest > 0 else named


def _session(key: str, record: object) -> Session:
    parse_session_key(key)
    if not isinstance(record, dict):
        raise Invalid("the record is not an object")
    session_id = parse_session_id(record.get("id"))
    last_used_at = _instant(record, "last_used_at", "lastUsedAt")
    if last_used_at is None:
        raise Invalid("last_used_at is missing")
    created_at = _instant(record, "created_at", "createdAt")
    return Session(key, session_id, last_used_at, created_at or last_used_at)


def _instant(record: dict[str, object], snake: str, camel: str) -> int | None:
    """Read an instant under either spelling; both may stand there if they mean the same instant."""
    one, other = record.get(snake), record.get(camel)
    if one is None:
        return None if other is None else _read_instant(other, camel)
    instant = _read_instant(one, snake)
    if other is not None and _read_instant(other, camel) != instant:
        raise Invalid(f"{snake} and {camel} are both there and differ")
    return instant


def _read_instant(raw: object, name: str) -> int:
    try:
        return parse_instant(raw)
    except Invalid as error:
        raise Invalid(f"{name}: {error.message}") from None


def _shown(key: str) -> str:
    """Show a key that may be anything: cut, and escaped where it would not print."""
    cut = key if len(key) <= _SHOWN_KEY_AT_MOST else key[:_SHOWN_KEY_AT_MOST] + "…"
    return ascii(cut) if has_control(cut) else repr(cut)

"""Answers about sessions."""

from app.http.answers.answer import Answer, Instant


class Session(Answer):
    """The SDK session of one agent at one issue."""

    key: str
    session_id: str
    last_used_at: Instant
    created_at: Instant


class SessionPage(Answer):
    """Sessions by key; `next` is what to send as `after` for more, null at the end."""

    sessions: list[Session]
    next: str | None


class SessionCount(Answer):
    """How many sessions there are."""

    count: int


class Pruned(Answer):
    """How many sessions were forgotten; where `dry_run` is there, how many would be."""

    pruned: int
    dry_run: bool | None = None


class Merged(Answer):
    """How many sessions were written; the others were there already, as new or newer."""

    written: int

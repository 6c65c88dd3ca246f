"""Answers about API tokens, and about who did what."""

from app.http.answers.answer import Answer, Instant


class ApiToken(Answer):
    """What may be shown of an API token: never the token."""

    id: str
    name: str
    prefix: str
    grants: list[str]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None


class ApiTokenList(Answer):
    """Every API token, oldest first."""

    api_tokens: list[ApiToken]


class MadeApiToken(Answer):
    """A new API token. `token` is shown this once."""

    id: str
    token: str
    name: str
    grants: list[str]
    expires_at: Instant | None


class AuditEvent(Answer):
    """One event: who (`actor`) did what (`action`) on what (`subject`), and how it ended."""

    sequence: int
    at: Instant
    actor: str
    action: str
    subject: str
    outcome: str
    detail: str | None
    chain: str


class AuditPage(Answer):
    """Events, newest first; `next` is what to send as `before` for more, null at the end."""

    events: list[AuditEvent]
    next: int | None

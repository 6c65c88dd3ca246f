"""Answers about secrets and agents. One of them holds a value."""

from app.http.answers.answer import Answer, Instant


class SecretInfo(Answer):
    """What may be shown of a secret. `damaged` and `cause` are there where it was asked whether its value opens."""

    name: str
    version: int
    created_at: Instant
    updated_at: Instant
    key_id: str | None
    expires_at: Instant | None
    last_read_at: Instant | None
    last_read_by: str | None
    damaged: bool | None = None
    cause: str | None = None


class SecretPage(Answer):
    """Secrets by name. With a `limit`, `next` is what to send as `after` for more, null at the end."""

    secrets: list[SecretInfo]
    next: str | None = None


class SecretWithValue(Answer):
    """A secret and its value."""

    name: str
    value: str
    version: int
    created_at: Instant
    updated_at: Instant


class Stored(Answer):
    """A secret's new version. `owner` is whose token it is, where its forge was asked."""

    name: str
    version: int
    owner: str | None = None


class SecretVersion(Answer):
    """One version of a secret, without its value."""

    name: str
    version: int
    created_at: Instant
    destroyed_at: Instant | None
    key_id: str | None
    current: bool
    expires_at: Instant | None


class SecretVersions(Answer):
    """The versions of a secret, newest first; those of a deleted one stay."""

    name: str
    deleted_at: Instant | None
    last_read_at: Instant | None
    last_read_by: str | None
    versions: list[SecretVersion]


class Agent(Answer):
    """An agent that has a token."""

    name: str
    version: int
    updated_at: Instant


class AgentPage(Answer):
    """Agents by name. With a `limit`, `next` is what to send as `after` for more, null at the end."""

    agents: list[Agent]
    next: str | None = None

"""Answers about the connections to the forges. One of them holds an access token."""

from typing import Literal

from app.http.answers.answer import Answer, Instant


class Connection(Answer):
    """How the connection to a forge stands; no token is in it.

    `reason` says why the operator has something to do, `last_error` what the last refresh that failed met.
    """

    forge: str
    status: Literal["not_connected", "connected", "expiring", "needs_reauth", "config_error"]
    reason: str | None
    since: Instant | None
    account: str | None
    base_url: str | None
    scopes: list[str] | None
    expires_at: Instant | None
    connected_at: Instant | None
    last_refresh_at: Instant | None
    last_error: str | None
    last_error_at: Instant | None
    version: int | None
    refreshable: bool | None


class ConnectionList(Answer):
    """The three forges."""

    oauth: list[Connection]


class BegunAuthorization(Answer):
    """Where to send the browser."""

    authorization_url: str


class AccessToken(Answer):
    """An access token, and when it ends, if the forge said so."""

    access_token: str
    expires_at: Instant | None


class Disconnected(Answer):
    """What became of the token at the forge; `revocation` is null if there was none."""

    forge: str
    status: Literal["not_connected"]
    revocation: str | None
    advice: str | None

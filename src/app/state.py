"""The stores as a library: `open_state` opens the database, checks the key, upgrades the schema. It moves no files."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from app.boot import open_service
from app.container import Container
from app.setting_sources import load_settings
from domain.oauth import OAuthToken
from domain.ports import OAuthTokenStore, SecretStore, SessionStore
from domain.values import SecretValue


@dataclass(frozen=True, slots=True)
class State:
    """An open database. Safe to share between threads; close it, or use it in a `with` block."""

    sessions: SessionStore
    secrets: SecretStore
    oauth_tokens: OAuthTokenStore
    container: Container
    give_out: Callable[..., OAuthToken]

    def access_token(self, forge: str, *, rejected: str | None = None) -> SecretValue:
        """Return an access token of `forge`, refreshed if need be: by one process, whoever else asks.

        With `rejected`, another than that one. Raises `NotConnected`, `NeedsReauth`, `Misconfigured`,
        `ForgeFailed` or `Busy`.
        """
        return self.give_out(forge, rejected=None if rejected is None else SecretValue(rejected)).access_token

    def close(self) -> None:
        """Close the database."""
        self.container.database().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_state(*, audit: bool = False, **settings: object) -> State:
    """Open the state of the service. Settings as in the contract, in lower case and without the prefix.

    With `audit` each reading and change of a secret or an OAuth token leaves an event in the audit
    log, and waits for the disk to have it. What is not given comes from the environment. Raises
    `Invalid` for an unknown or malformed setting, `KeyRefused` (nothing is written),
    `DatabaseUnusable` or `Busy`.
    """
    container = open_service(load_settings(os.environ, settings))
    if audit:
        give_out = container.give_out_access_token()
        return State(container.sessions(), container.secrets(), container.oauth_tokens(), container, give_out)
    return State(
        container.sessions(),
        container.library_secrets(),
        container.unaudited_oauth_tokens(),
        container,
        container.refresh_connection(),
    )

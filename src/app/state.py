"""The stores as a library: `open_state` opens the database, checks the key, upgrades the schema. It moves no files."""

import os
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from app.boot import open_service
from app.container import Container
from app.settings import load_settings
from domain.ports import OAuthTokenStore, SecretStore, SessionStore


@dataclass(frozen=True, slots=True)
class State:
    """An open database. Safe to share between threads; close it, or use it in a `with` block."""

    sessions: SessionStore
    secrets: SecretStore
    oauth_tokens: OAuthTokenStore
    container: Container

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
        return State(container.sessions(), container.secrets(), container.oauth_tokens(), container)
    return State(container.sessions(), container.unaudited_secrets(), container.unaudited_oauth_tokens(), container)

"""A forge in memory, as strict as GitLab: a refresh token is good once, and ends the access token before."""

from collections.abc import Callable
from itertools import count
from threading import Lock

from typing_extensions import override

from domain.errors import DomainError, Misconfigured
from domain.instants import HOUR_MS
from domain.oauth import OAuthClient, OAuthToken, TokenAnswer
from domain.ports import AuthorizationServer, GrantRefused
from domain.values import SecretValue


class MemoryAuthorizationServer(AuthorizationServer):
    """Counts what it is asked. `on_refresh` is called between a refresh and its answer; `failures` come first."""

    def __init__(self, *, lifetime_ms: int | None = 2 * HOUR_MS, revokes: bool = True) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._lifetime_ms = lifetime_ms
        self._revokes = revokes
        self._access = self._refresh = SecretValue("none so far")
        self.exchanges = self.refreshes = self.revocations = 0
        self.failures: list[DomainError] = []
        self.on_refresh: Callable[[], object] = lambda: None
        self.taken_secret: str | None = None

    @property
    @override
    def can_revoke(self) -> bool:
        return self._revokes

    @override
    def authorization_url(self, client: OAuthClient, *, state: SecretValue, verifier: SecretValue) -> str:
        return f"{client.base_url}/authorize?state={state.reveal()}"

    @override
    def issuers(self, client: OAuthClient) -> frozenset[str]:
        return frozenset({client.base_url})

    @override
    def exchange(self, client: OAuthClient, code: SecretValue, verifier: SecretValue) -> TokenAnswer:
        with self._lock:
            self.exchanges += 1
            return self._issued()

    @override
    def refresh(self, client: OAuthClient, refresh_token: SecretValue) -> TokenAnswer:
        with self._lock:
            self.refreshes += 1
            if self.failures:
                raise self.failures.pop(0)
            if self.taken_secret is not None and (client.secret is None or client.secret.reveal() != self.taken_secret):
                raise Misconfigured("the client secret is another")
            if refresh_token != self._refresh:
                raise GrantRefused("the refresh token was used already")
            answer = self._issued()
        self.on_refresh()
        return answer

    @override
    def account(self, client: OAuthClient, access_token: SecretValue) -> str | None:
        return "ada"

    @override
    def is_alive(self, client: OAuthClient, access_token: SecretValue) -> bool | None:
        return access_token == self._access

    @override
    def revoke(self, client: OAuthClient, token: OAuthToken) -> None:
        self.revocations += 1
        self._access = self._refresh = SecretValue("revoked")

    @override
    def settings_url(self, base_url: str) -> str:
        return f"{base_url}/applications"

    def issue(self) -> TokenAnswer:
        """Give out the next pair of tokens; the pair before is worth nothing from now on."""
        with self._lock:
            return self._issued()

    def _issued(self) -> TokenAnswer:
        number = next(self._numbers)
        self._access, self._refresh = SecretValue(f"access-{number}"), SecretValue(f"refresh-{number}")
        return TokenAnswer(
            access_token=self._access,
            refresh_token=self._refresh,
            token_type="Bearer",  # noqa: S106 - no password
            scopes=("api",),
            lifetime_ms=self._lifetime_ms,
        )

"""A forge as an OAuth authorization server (RFC 6749)."""

from abc import abstractmethod
from enum import StrEnum
from typing import Protocol

from domain.errors import DomainError
from domain.oauth import OAuthClient, OAuthToken, TokenAnswer
from domain.values import SecretValue


class GrantRefused(DomainError):
    """A forge refuses a code or a refresh token: used, expired, revoked, or never its own."""

    code = "grant_refused"


class Revocation(StrEnum):
    """What became of a token at its forge when it was disconnected."""

    REVOKED = "revoked"
    REVOKE_FAILED = "revoke_failed"
    NOT_SUPPORTED = "not_supported"


class AuthorizationServer(Protocol):
    """One kind of forge. No call follows a redirect or is sent twice; each ends within 15 seconds.

    No error and no log carries a token, code, verifier, state or client secret.
    """

    @property
    @abstractmethod
    def can_revoke(self) -> bool:
        """Whether this kind of forge lets a client revoke its tokens."""

    @abstractmethod
    def authorization_url(self, client: OAuthClient, *, state: SecretValue, verifier: SecretValue) -> str:
        """Return where the operator is sent to allow us in. Carries `state` and the S256 challenge of `verifier`.

        Raises `Misconfigured` if the client's base URL is no http or https address.
        """

    @abstractmethod
    def issuers(self, client: OAuthClient) -> frozenset[str]:
        """Return the names by which the forge may call itself in `iss` (RFC 9207), without a slash at the end."""

    @abstractmethod
    def exchange(self, client: OAuthClient, code: SecretValue, verifier: SecretValue) -> TokenAnswer:
        """Return what the forge gives for an authorization code.

        Raises `GrantRefused`, `Misconfigured` (it does not take our client) or `ForgeFailed`.
        """

    @abstractmethod
    def refresh(self, client: OAuthClient, refresh_token: SecretValue) -> TokenAnswer:
        """Return what the forge gives for a refresh token, which may be spent by that. Raises as `exchange` does."""

    @abstractmethod
    def account(self, client: OAuthClient, access_token: SecretValue) -> str | None:
        """Return whose the token is, by the name of the account; None if not told. Raises `ForgeFailed`."""

    @abstractmethod
    def is_alive(self, client: OAuthClient, access_token: SecretValue) -> bool | None:
        """Tell whether the forge takes an access token just now; None if it does not say. Changes nothing there."""

    @abstractmethod
    def revoke(self, client: OAuthClient, token: OAuthToken) -> None:
        """Ask the forge to revoke the grant of the refresh token or, without one, the access token alone.

        It may say yes and not do it. Raises `Misconfigured`, `GrantRefused` or `ForgeFailed`; where
        `can_revoke` is false, nothing is asked.
        """

    @abstractmethod
    def settings_url(self, base_url: str) -> str:
        """Return the page on which the operator can revoke our access by hand."""

"""GitHub as an authorization server: it refuses with status 200.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from http import HTTPStatus
from urllib.parse import quote

from typing_extensions import override

from adapters.forges.authorization import REVOKE_WITHIN_S, ForgeAuthorizationServer, below
from adapters.forges.token_answer import Dialect
from adapters.forges.wire import request
from domain.errors import ForgeFailed, Misconfigured
from domain.oauth import OAuthClient, OAuthToken

_PUBLIC = {"https://github.com": "https://api.github.com"}


class GithubAuthorizationServer(ForgeAuthorizationServer):
    """An OAuth app's token neither ends nor is refreshed; a GitHub App's does both. The answer tells which it is."""

    dialect = Dialect(
        forge="github",
        refuses_refresh=frozenset({"bad_refresh_token"}),
        refuses_code=frozenset({"bad_verification_code"}),
        refuses_client=frozenset({"incorrect_client_credentials", "redirect_uri_mismatch", "application_suspended"}),
    )
    authorize_path = "/login/oauth/authorize"
    token_path = "/login/oauth/access_token"  # noqa: S105 - a path
    settings_path = "/settings/applications"
    user_path = "/user"
    user_name = "login"
    probe_path = "/user"

    @property
    @override
    def can_revoke(self) -> bool:
        return True

    @override
    def api(self, client: OAuthClient) -> str:
        """Return where the API is: of GitHub itself on a host of its own, of GitHub Enterprise below the base URL."""
        return _PUBLIC.get(below(client, ""), below(client, "/api/v3"))

    @override
    def issuers(self, client: OAuthClient) -> frozenset[str]:
        """Return the issuer of GitHub's own documents, and the base URL, by which GitHub Enterprise may go."""
        base_url = client.base_url.rstrip("/")
        return frozenset({base_url, f"{base_url}/login/oauth"})

    @override
    def revoke(self, client: OAuthClient, token: OAuthToken) -> None:
        """Revoke the whole grant where there is a refresh token, which has no address of its own."""
        what = "grant" if token.refresh_token else "token"
        answer = request(
            "github",
            "DELETE",
            f"{self.api(client)}/applications/{quote(client.id, safe='')}/{what}",
            basic=client,
            json={"access_token": token.access_token.reveal()},
            within_s=REVOKE_WITHIN_S,
        )
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise Misconfigured("github does not take our OAuth client")
        if answer.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
            raise ForgeFailed(f"github answers a revocation with status {answer.status}")

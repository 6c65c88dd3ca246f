"""GitLab as an authorization server (https://docs.gitlab.com/api/oauth2/): refresh tokens are good for one use."""

from http import HTTPStatus

from typing_extensions import override

from adapters.forges.authorization import REVOKE_WITHIN_S, ForgeAuthorizationServer, below
from adapters.forges.token_answer import Dialect
from adapters.forges.wire import revocation_request
from domain.errors import ForgeFailed, Misconfigured
from domain.oauth import OAuthClient, OAuthToken


class GitlabAuthorizationServer(ForgeAuthorizationServer):
    """A refresh ends the old access token at once. Its error codes are those of RFC 6749."""

    dialect = Dialect(
        forge="gitlab",
        refuses_refresh=frozenset({"invalid_grant"}),
        refuses_code=frozenset({"invalid_grant"}),
        refuses_client=frozenset({"invalid_client", "unauthorized_client"}),
    )
    authorize_path = "/oauth/authorize"
    token_path = "/oauth/token"  # noqa: S105 - a path
    settings_path = "/-/user_settings/applications"
    user_path = "/api/v4/user"
    user_name = "username"
    probe_path = "/oauth/token/info"

    @property
    @override
    def can_revoke(self) -> bool:
        return True

    @override
    def revoke(self, client: OAuthClient, token: OAuthToken) -> None:
        revoked = token.refresh_token or token.access_token
        hint = "refresh_token" if token.refresh_token else "access_token"
        url = below(client, "/oauth/revoke")
        answer = revocation_request(client, url, revoked, hint, within_s=REVOKE_WITHIN_S)
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise Misconfigured("gitlab does not take our OAuth client")
        if answer.status != HTTPStatus.OK:
            raise ForgeFailed(f"gitlab answers a revocation with status {answer.status}")

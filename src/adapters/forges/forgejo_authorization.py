"""Forgejo as an authorization server (https://forgejo.org/docs/latest/user/oauth2-provider/)."""

from typing_extensions import override

from adapters.forges.authorization import ForgeAuthorizationServer
from adapters.forges.token_answer import Dialect
from domain.oauth import OAuthClient, OAuthToken


class ForgejoAuthorizationServer(ForgeAuthorizationServer):
    """It has no way to revoke, and says `unauthorized_client` for a spent refresh token and for a bad code alike."""

    dialect = Dialect(
        forge="forgejo",
        refuses_refresh=frozenset({"unauthorized_client", "invalid_grant"}),
        refuses_code=frozenset({"unauthorized_client", "invalid_grant"}),
        refuses_client=frozenset({"invalid_client"}),
    )
    authorize_path = "/login/oauth/authorize"
    token_path = "/login/oauth/access_token"  # noqa: S105 - a path
    settings_path = "/user/settings/applications"
    user_path = "/api/v1/user"
    user_name = "login"
    probe_path = "/api/v1/user"

    @property
    @override
    def can_revoke(self) -> bool:
        return False

    @override
    def revoke(self, client: OAuthClient, token: OAuthToken) -> None:
        pass

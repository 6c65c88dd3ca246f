"""What the three forges have in common as authorization servers: addresses, PKCE, and how they are asked."""

import json
from http import HTTPStatus
from typing import Any, ClassVar

from typing_extensions import override

from adapters.forges.token_answer import Dialect, read_answer
from adapters.forges.wire import Answer, request, token_request
from domain.errors import ForgeFailed, Misconfigured
from domain.oauth import OAuthClient, TokenAnswer
from domain.ports import AuthorizationServer
from domain.values import SecretValue, is_base_url

REVOKE_WITHIN_S = 5.0
"""So long a person who disconnects waits for the forge."""

_PROBE_WITHIN_S = 5.0
_LONGEST_NAME = 255


class ForgeAuthorizationServer(AuthorizationServer):
    """A forge says by its attributes what is its own; paths are below the base URL, whose own path is kept."""

    dialect: ClassVar[Dialect]
    authorize_path: ClassVar[str]
    token_path: ClassVar[str]
    settings_path: ClassVar[str]
    user_path: ClassVar[str]
    user_name: ClassVar[str]
    probe_path: ClassVar[str]

    @override
    def authorization_url(self, client: OAuthClient, *, state: SecretValue, verifier: SecretValue) -> str:
        from authlib.integrations.httpx_client import AsyncOAuth2Client  # noqa: PLC0415 - see `wire`

        asker = AsyncOAuth2Client(
            client_id=client.id,
            redirect_uri=client.redirect_uri,
            scope=" ".join(client.scopes) or None,
            code_challenge_method="S256",
        )
        url, _ = asker.create_authorization_url(
            _base_address(client) + self.authorize_path, state=state.reveal(), code_verifier=verifier.reveal()
        )
        return str(url)

    @override
    def issuers(self, client: OAuthClient) -> frozenset[str]:
        return frozenset({client.base_url.rstrip("/")})

    @override
    def exchange(self, client: OAuthClient, code: SecretValue, verifier: SecretValue) -> TokenAnswer:
        answer = token_request(
            client,
            below(client, self.token_path),
            grant_type="authorization_code",
            code=code.reveal(),
            code_verifier=verifier.reveal(),
            redirect_uri=client.redirect_uri,
        )
        return read_answer(self.dialect, answer, refreshing=False)

    @override
    def refresh(self, client: OAuthClient, refresh_token: SecretValue) -> TokenAnswer:
        answer = token_request(
            client,
            below(client, self.token_path),
            grant_type="refresh_token",
            refresh_token=refresh_token.reveal(),
        )
        return read_answer(self.dialect, answer, refreshing=True)

    @override
    def account(self, client: OAuthClient, access_token: SecretValue) -> str | None:
        answer = self._get(self.api(client) + self.user_path, access_token)
        name = _object(answer).get(self.user_name) if answer.status == HTTPStatus.OK else None
        is_name = isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_NAME
        return str(name) if is_name else None

    @override
    def is_alive(self, client: OAuthClient, access_token: SecretValue) -> bool | None:
        try:
            status = self._get(self.probe(client), access_token).status
        except ForgeFailed:
            return None
        if status == HTTPStatus.UNAUTHORIZED:
            return False
        return True if status == HTTPStatus.OK else None

    @override
    def settings_url(self, base_url: str) -> str:
        return base_url.rstrip("/") + self.settings_path

    def api(self, client: OAuthClient) -> str:
        """Return where the forge's API is."""
        return below(client, "")

    def probe(self, client: OAuthClient) -> str:
        """Return an address that answers 200 to every access token that is good, and 401 to any other."""
        return self.api(client) + self.probe_path

    def _get(self, url: str, access_token: SecretValue) -> Answer:
        return request(self.dialect.forge, "GET", url, token=access_token, within_s=_PROBE_WITHIN_S)


def below(client: OAuthClient, path: str) -> str:
    """Return the address of `path` at the client's forge. Joined as a link, the forge's own path would be lost."""
    return client.base_url.rstrip("/") + path


def _base_address(client: OAuthClient) -> str:
    if not is_base_url(client.base_url):
        raise Misconfigured(
            f"the address of {client.forge} is not an http:// or https:// one",
            advice=f"set STRONGROOM_{client.forge.upper()}_URL",
        )
    return below(client, "")


def _object(answer: Answer) -> dict[str, Any]:
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}

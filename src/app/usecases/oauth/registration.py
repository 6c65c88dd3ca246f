"""What we are registered as at each forge, as it is configured just now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.connections import refuse_foreign_client
from domain.errors import Misconfigured
from domain.oauth import OAuthClient, OAuthToken
from domain.ports import AuthorizationServer, Cipher

Clients = Callable[[str], OAuthClient]
"""Gives the client of a forge, its id empty if there is none; raises `Misconfigured` without an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Each forge's server, and our client there."""

    clients: Clients
    servers: Mapping[str, AuthorizationServer]
    cipher: Cipher

    def client(self, forge: str) -> OAuthClient:
        """Return our client at `forge`; raises `Misconfigured` if we have none."""
        client = self.clients(forge)
        if not client.id:
            raise Misconfigured(
                f"no OAuth client of {forge} is configured",
                advice=f"register one there with the redirect address {client.redirect_uri}, "
                f"and set STRONGROOM_{forge.upper()}_CLIENT_ID, or `strongroom config set {forge}_client_id`",
            )
        return client

    def client_of(self, token: OAuthToken) -> OAuthClient:
        """Return the client that `token` may be sent with; raises `Misconfigured` if there is none, or another."""
        client = self.client(token.forge_type).for_token(token)
        refuse_foreign_client(token, client)
        return client

    def is_client_of(self, token: OAuthToken) -> bool:
        """Tell whether we have a client that `token` may be sent with."""
        try:
            self.client_of(token)
        except Misconfigured:
            return False
        return True

    def obstacle(self, token: OAuthToken) -> Misconfigured | None:
        """Return why `token` is not to be used with what is configured now, None if it is. Asks nobody."""
        try:
            refuse_foreign_client(token, self.clients(token.forge_type).for_token(token))
        except Misconfigured as error:
            return error
        return None

    def mark(self, client: OAuthClient) -> str:
        """Return a keyed hash by which a client is known again, its secret included."""
        secret = client.secret.reveal() if client.secret else ""
        return self.cipher.digest("oauth_client", f"{client.base_url}\n{client.id}\n{secret}".encode())

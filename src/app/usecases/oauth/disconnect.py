"""Disconnect a forge: the token is revoked there as far as that goes, and removed here in any case."""

from dataclasses import dataclass

from app.audit import current_actor
from app.usecases.oauth.refresh import RefreshConnection
from app.usecases.oauth.registration import Registration
from domain.audit import Action
from domain.errors import DomainError, Integrity
from domain.oauth import OAuthClient, OAuthToken
from domain.ports import AuditLog, AuthorizationServer, Clock, GrantRefused, OAuthTokenStore, Revocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """What became of the token at the forge, and what is left to do there. `revocation` is None if there was none."""

    forge: str
    revocation: Revocation | None
    advice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """May be repeated, and done by several at a time. A refresh that is on its way finds no row to save over."""

    tokens: OAuthTokenStore
    refresh: RefreshConnection
    registration: Registration
    audit: AuditLog
    clock: Clock

    def __call__(self, forge: str) -> Disconnected:
        """Disconnect `forge` and say how that went. Raises what the database raises, and then nothing was removed."""
        with self.refresh.kept_from(forge):
            was_there, token = self._removed(forge)
        if not was_there:
            return Disconnected(forge=forge, revocation=None)
        if token is None:
            return Disconnected(forge=forge, revocation=Revocation.REVOKE_FAILED, advice="revoke it at the forge")
        return self._revoked(token)

    def _removed(self, forge: str) -> tuple[bool, OAuthToken | None]:
        """Remove the token, in the transaction that reads it: what is revoked is what was removed.

        One that is damaged cannot be read, so it cannot be revoked; it can be removed.
        """
        with self.audit.atomic():
            try:
                token = self.tokens.get(forge)
            except Integrity:
                token = None
            was_there = self.tokens.delete(forge)
            if was_there:
                self.audit.record(current_actor(), Action.OAUTH_DISCONNECT, forge)
        return was_there, token

    def _revoked(self, token: OAuthToken) -> Disconnected:
        forge = token.forge_type
        server = self.registration.servers[forge]
        try:
            client = self.registration.client_of(token)
        except DomainError as error:
            advice = error.message
            if token.base_url:
                advice += f"; remove the access by hand: {server.settings_url(token.base_url)}"
            return Disconnected(forge=forge, revocation=Revocation.REVOKE_FAILED, advice=advice)
        by_hand = f"remove the access by hand: {server.settings_url(client.base_url)}"
        if not server.can_revoke:
            return Disconnected(forge=forge, revocation=Revocation.NOT_SUPPORTED, advice=by_hand)
        try:
            gone = _revoke(server, client, token, self.clock.now())
        except DomainError as error:
            return Disconnected(forge=forge, revocation=Revocation.REVOKE_FAILED, advice=f"{error.message}; {by_hand}")
        if gone:
            return Disconnected(forge=forge, revocation=Revocation.REVOKED)
        return Disconnected(
            forge=forge, revocation=Revocation.REVOKE_FAILED, advice=f"{forge} says yes and still takes it; {by_hand}"
        )


def _revoke(server: AuthorizationServer, client: OAuthClient, token: OAuthToken, now: int) -> bool:
    """Revoke a token, and see whether that is so: there are servers that say yes and do nothing.

    Such a one is GitLab with a refresh token whose access token has expired. What is still good there
    can be refreshed, and the fresh pair be revoked.
    """
    server.revoke(client, token)
    if token.is_alive(now):
        alive = server.is_alive(client, token.access_token)
        if alive is not None:
            return not alive
    if token.refresh_token is None:
        return True
    try:
        fresh = server.refresh(client, token.refresh_token).after(token, client, now)
    except GrantRefused:
        return True
    server.revoke(client, fresh)
    return server.is_alive(client, fresh.access_token) is False

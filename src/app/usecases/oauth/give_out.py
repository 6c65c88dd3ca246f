"""Give an access token out, refreshed if need be, and write down who got it."""

from dataclasses import dataclass

from app.audit import current_actor
from app.usecases.oauth.refresh import RefreshConnection
from domain.audit import Action
from domain.oauth import OAuthToken
from domain.ports import AuditLog
from domain.values import SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveOutAccessToken:
    """The one way for an access token to whoever asks; the refresh token stays."""

    refresh: RefreshConnection
    audit: AuditLog

    def __call__(self, forge: str, *, rejected: SecretValue | None = None) -> OAuthToken:
        """Return the token of `forge`; with `rejected`, another than that one. Raises as `RefreshConnection` does."""
        token = self.refresh(forge, rejected=rejected)
        self.audit.record(current_actor(), Action.OAUTH_READ, forge, detail=f"version {token.version}")
        return token

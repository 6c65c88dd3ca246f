"""OAuth tokens whose every reading and change is written down before it is answered."""

from dataclasses import dataclass

from typing_extensions import override

from app.audit import current_actor
from domain.audit import Action
from domain.oauth import OAuthToken
from domain.ports import AuditLog, OAuthTokenStore


@dataclass(frozen=True, slots=True)
class AuditedOAuthTokenStore(OAuthTokenStore):
    """A store of tokens in front of the log. How a connection stands is asked of `LookAtConnection`."""

    tokens: OAuthTokenStore
    audit: AuditLog

    @override
    def get(self, forge: str) -> OAuthToken | None:
        token = self.tokens.get(forge)
        if token is not None:
            self._record(Action.OAUTH_READ, forge, token.version)
        return token

    @override
    def upsert(self, token: OAuthToken, *, expected_version: int | None = None) -> int:
        with self.audit.atomic():
            version = self.tokens.upsert(token, expected_version=expected_version)
            self._record(Action.OAUTH_WRITE, token.forge_type, version)
        return version

    @override
    def delete(self, forge: str) -> bool:
        with self.audit.atomic():
            was_there = self.tokens.delete(forge)
            if was_there:
                self.audit.record(current_actor(), Action.OAUTH_DISCONNECT, forge)
        return was_there

    def _record(self, action: Action, forge: str, version: int) -> None:
        self.audit.record(current_actor(), action, forge, detail=f"version {version}")

    @override
    def list(self) -> list[OAuthToken]:
        tokens = self.tokens.list()
        with self.audit.atomic():
            for token in tokens:
                self._record(Action.OAUTH_READ, token.forge_type, token.version)
        return tokens

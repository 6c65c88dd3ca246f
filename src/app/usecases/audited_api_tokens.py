"""API tokens whose making and revoking is written down with it."""

from dataclasses import dataclass

from typing_extensions import override

from app.audit import current_actor
from domain.api_tokens import ApiToken
from domain.audit import Action
from domain.ports import ApiTokenStore, AuditLog


@dataclass(frozen=True, slots=True)
class AuditedApiTokenStore(ApiTokenStore):
    """A store of tokens in front of the log. Being recognised is no event of its own: what is then done is one."""

    tokens: ApiTokenStore
    audit: AuditLog

    @override
    def add(self, token: ApiToken) -> None:
        with self.audit.atomic():
            self.tokens.add(token)
            detail = f"{token.name}: {' '.join(token.grants)}"
            self.audit.record(current_actor(), Action.TOKEN_CREATE, token.id, detail=detail)

    @override
    def find(self, digest: bytes) -> ApiToken | None:
        return self.tokens.find(digest)

    @override
    def revoke(self, id: str, revoked_at: int) -> bool:
        with self.audit.atomic():
            is_known = self.tokens.revoke(id, revoked_at)
            if is_known:
                self.audit.record(current_actor(), Action.TOKEN_REVOKE, id)
        return is_known

    @override
    def mark_used(self, id: str, used_at: int) -> None:
        self.tokens.mark_used(id, used_at)

    @override
    def list(self) -> list[ApiToken]:
        return self.tokens.list()

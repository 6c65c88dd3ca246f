"""API tokens in memory."""

from dataclasses import replace
from threading import Lock

from typing_extensions import override

from domain.api_tokens import ApiToken
from domain.errors import Conflict
from domain.ports import ApiTokenStore


class MemoryApiTokenStore(ApiTokenStore):
    """API tokens by id."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tokens: dict[str, ApiToken] = {}

    @override
    def add(self, token: ApiToken) -> None:
        with self._lock:
            if token.id in self._tokens or self._with_digest(token.digest):
                raise Conflict("an API token of that id or digest is already there")
            self._tokens[token.id] = token

    @override
    def find(self, digest: bytes) -> ApiToken | None:
        with self._lock:
            return self._with_digest(digest)

    @override
    def revoke(self, id: str, revoked_at: int) -> bool:
        with self._lock:
            token = self._tokens.get(id)
            if token is not None and token.revoked_at is None:
                self._tokens[id] = replace(token, revoked_at=revoked_at)
        return token is not None

    @override
    def mark_used(self, id: str, used_at: int) -> None:
        with self._lock:
            if id in self._tokens:
                self._tokens[id] = replace(self._tokens[id], last_used_at=used_at)

    def _with_digest(self, digest: bytes) -> ApiToken | None:
        return next((token for token in self._tokens.values() if token.digest == digest), None)

    @override
    def list(self) -> list[ApiToken]:
        with self._lock:
            return sorted(self._tokens.values(), key=lambda token: (token.created_at, token.id))

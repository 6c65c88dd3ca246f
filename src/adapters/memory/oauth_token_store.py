"""OAuth tokens in memory."""

from dataclasses import replace
from threading import Lock

from typing_extensions import override

from domain.errors import VersionConflict
from domain.oauth import OAuthToken
from domain.ports import Clock, OAuthTokenStore


class MemoryOAuthTokenStore(OAuthTokenStore):
    """OAuth tokens in a dict. The last version of a forge outlives its token, so that versions never come again.

    Without a `clock` it does not know when a token was stored.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._lock = Lock()
        self._tokens: dict[str, OAuthToken] = {}
        self._last_versions: dict[str, int] = {}

    @override
    def get(self, forge: str) -> OAuthToken | None:
        with self._lock:
            return self._tokens.get(forge)

    @override
    def upsert(self, token: OAuthToken, *, expected_version: int | None = None) -> int:
        _refuse_lost(token)
        forge = token.forge_type
        with self._lock:
            stored = self._tokens.get(forge)
            actual = stored.version if stored else 0
            if expected_version is not None and expected_version != actual:
                raise VersionConflict(forge, expected=expected_version, actual=actual)
            version = self._last_versions.get(forge, 0) + 1
            self._last_versions[forge] = version
            self._tokens[forge] = replace(token, version=version, updated_at=self._clock.now() if self._clock else None)
        return version

    @override
    def delete(self, forge: str) -> bool:
        with self._lock:
            return self._tokens.pop(forge, None) is not None

    @override
    def list(self) -> list[OAuthToken]:
        with self._lock:
            return [self._tokens[forge] for forge in sorted(self._tokens)]


def _refuse_lost(token: OAuthToken) -> None:
    """Raise `Invalid` for a token that came out of a pickle, which left its values behind."""
    for credential in (token.access_token, token.refresh_token):
        if credential is not None:
            credential.reveal()

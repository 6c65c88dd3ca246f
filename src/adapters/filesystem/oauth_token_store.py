"""OAuth tokens in `<forge>-oauth-token.json`, as the old version kept GitLab's."""

import json
from dataclasses import replace
from pathlib import Path

from typing_extensions import override

from adapters.filesystem.versioned_files import Stored, VersionedFiles
from domain.errors import Integrity, Invalid
from domain.legacy.files import GITLAB_FILE, size_limit
from domain.legacy.gitlab_file import parse_gitlab_file
from domain.legacy.text import Malformed
from domain.oauth import OAuthToken
from domain.ports import Clock, OAuthTokenStore
from domain.values import FORGES, parse_forge


class FileOAuthTokenStore(OAuthTokenStore):
    """A JSON file for each forge, mode 0600, in `state_dir`."""

    def __init__(self, state_dir: Path, clock: Clock) -> None:
        self._state_dir = state_dir
        self._files = VersionedFiles(state_dir / ".oauth-token.lock", clock)

    @override
    def get(self, forge: str) -> OAuthToken | None:
        if forge not in FORGES:
            return None
        path = self._path(forge)
        stored = self._files.read(path, path.name, limit=size_limit(GITLAB_FILE))
        if stored is None:
            return None
        try:
            return _parsed(forge, stored)
        except Malformed as error:
            raise Integrity(f"{path.name}: {error.message}") from None

    @override
    def upsert(self, token: OAuthToken, *, expected_version: int | None = None) -> int:
        forge = parse_forge(token.forge_type)
        content = _serialised(token)
        _require_readable_back(token, content)
        return self._files.write(self._path(forge), forge, content, expected_version=expected_version)

    @override
    def delete(self, forge: str) -> bool:
        return forge in FORGES and self._files.delete(self._path(forge), forge)

    def _path(self, forge: str) -> Path:
        return self._state_dir / f"{forge}-oauth-token.json"

    @override
    def list(self) -> list[OAuthToken]:
        return [token for forge in sorted(FORGES) if (token := self.get(forge)) is not None]


def _parsed(forge: str, stored: Stored) -> OAuthToken:
    token = parse_gitlab_file(stored.content, mtime=stored.written_at)
    return replace(token, forge_type=forge, version=stored.version, updated_at=stored.written_at)


def _serialised(token: OAuthToken) -> bytes:
    document = {
        "access_token": token.access_token.reveal(),
        "refresh_token": token.refresh_token.reveal() if token.refresh_token else None,
        "token_type": token.token_type,
        "scope": _scope(token.scopes),
        "expires_at": token.expires_at,
        "base_url": token.base_url,
    }
    said = {name: value for name, value in document.items() if value is not None}
    return (json.dumps(said, indent=2) + "\n").encode()


def _scope(scopes: tuple[str, ...] | None) -> str | list[str] | None:
    """Join scopes as forges do, or list them where one holds a character that separates them."""
    if scopes is None:
        return None
    joined = " ".join(scopes)
    return joined if tuple(joined.replace(",", " ").split()) == scopes else list(scopes)


def _require_readable_back(token: OAuthToken, content: bytes) -> None:
    try:
        read_back = _parsed(token.forge_type, Stored(content=content, version=token.version))
    except Malformed as error:
        raise Invalid(error.message) from None
    if read_back != token:
        raise Invalid("expires_at is not an instant in milliseconds")

"""Every secret of the memory stores, one after the other."""

from collections.abc import Iterator

from typing_extensions import override

from adapters.memory.legacy_archive import MemoryLegacyArchive
from adapters.memory.secret_store import MemorySecretStore
from domain.legacy.files import SESSIONS_FILE
from domain.ports import OAuthTokenStore, StoredValues
from domain.remnants import StoredValue

_BOM = b"\xef\xbb\xbf"


class MemoryStoredValues(StoredValues):
    """What the three stores hold, but for archived sessions, which are no secret."""

    def __init__(self, secrets: MemorySecretStore, tokens: OAuthTokenStore, archive: MemoryLegacyArchive) -> None:
        self._secrets = secrets
        self._tokens = tokens
        self._archive = archive

    @override
    def reveal(self) -> Iterator[StoredValue]:
        yield from self._of_secrets()
        yield from self._of_tokens()
        yield from self._of_archive()

    def _of_secrets(self) -> Iterator[StoredValue]:
        with self._secrets.lock:
            values = [
                (f"the secret {name}, version {number}", version.value)
                for name, secret in self._secrets.kept.items()
                for number, version in secret.versions.items()
            ]
        for subject, value in values:
            if value is not None:
                yield StoredValue(subject, value.reveal().encode())

    def _of_tokens(self) -> Iterator[StoredValue]:
        for token in self._tokens.list():
            yield StoredValue(f"the {token.forge_type} access_token", token.access_token.reveal().encode())
            if token.refresh_token is not None:
                yield StoredValue(f"the {token.forge_type} refresh_token", token.refresh_token.reveal().encode())

    def _of_archive(self) -> Iterator[StoredValue]:
        for file in self._archive.files():
            if file.ref.path != SESSIONS_FILE:
                yield StoredValue(f"the archived file {file.ref.path}", file.content.removeprefix(_BOM).strip())

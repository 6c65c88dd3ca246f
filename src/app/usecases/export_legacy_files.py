"""Write today's values in the formats of the old version, for going back to it."""

from dataclasses import dataclass

from app.audit import announced
from app.usecases.open_tokens import open_tokens
from app.usecases.restore_legacy_files import LeftBehind, record_damage
from domain.audit import Action
from domain.errors import Integrity
from domain.oauth import OAuthToken
from domain.ports import AuditLog, LegacyFileSink, OAuthTokenStore, SecretStore, SessionStore
from domain.secrets import Secret
from domain.values import holds_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The three stores, wherever they are."""

    sessions: SessionStore
    secrets: SecretStore
    oauth_tokens: OAuthTokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written, the names of secrets for which the old version has no file, and what does not open."""

    sessions: int
    secrets: int
    oauth_tokens: int
    left_out: list[str]
    damaged: list[LeftBehind]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLegacyFiles:
    """From the database's stores into the file stores of a new directory."""

    stores: Stores
    audit: AuditLog

    def __call__(self, sink: LegacyFileSink, files: Stores) -> Exported:
        """Copy everything that opens and that the old version can hold. Raises `Conflict`.

        It is in the audit log before the first file is written; a second event tells how many did not open.
        """
        sink.prepare()
        names = [info.name for info in self.stores.secrets.list()]
        damaged: list[LeftBehind] = []
        tokens = self._opened_tokens(damaged)
        with announced(self.audit, Action.LEGACY_EXPORT, "stores", detail=_counted(names, tokens)):
            exported = self._copied(names, tokens, files, damaged)
            sink.finish()
        record_damage(self.audit, Action.LEGACY_EXPORT, "stores", damaged=len(damaged))
        return exported

    def _copied(self, names: list[str], tokens: list[OAuthToken], files: Stores, damaged: list[LeftBehind]) -> Exported:
        written = 0
        for name in filter(holds_token, names):
            secret = self._opened_secret(name, damaged)
            if secret is not None:
                files.secrets.set(name, secret.value.reveal())
                written += 1
        for token in tokens:
            files.oauth_tokens.upsert(token)
        return Exported(
            sessions=files.sessions.put_many(self.stores.sessions.list()),
            secrets=written,
            oauth_tokens=len(tokens),
            left_out=[name for name in names if not holds_token(name)],
            damaged=damaged,
        )

    def _opened_secret(self, name: str, damaged: list[LeftBehind]) -> Secret | None:
        try:
            return self.stores.secrets.get(name)
        except Integrity as error:
            damaged.append(LeftBehind.because(error, name=name))
            return None

    def _opened_tokens(self, damaged: list[LeftBehind]) -> list[OAuthToken]:
        tokens = []
        for forge, token in open_tokens(self.stores.oauth_tokens):
            if isinstance(token, Integrity):
                damaged.append(LeftBehind.because(token, name=f"OAuth token of {forge}"))
            else:
                tokens.append(token)
        return tokens


def _counted(names: list[str], tokens: list[OAuthToken]) -> str:
    return f"in the clear: secrets {sum(map(holds_token, names))}, OAuth tokens {len(tokens)}"

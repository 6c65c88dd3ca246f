"""Write today's values in the formats of the old version, for going back to it."""

from dataclasses import dataclass

from app.audit import announced
from domain.audit import Action
from domain.oauth import OAuthToken
from domain.ports import AuditLog, LegacyFileSink, OAuthTokenStore, SecretStore, SessionStore
from domain.values import holds_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The three stores, wherever they are."""

    sessions: SessionStore
    secrets: SecretStore
    oauth_tokens: OAuthTokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written, and the names of secrets for which the old version has no file."""

    sessions: int
    secrets: int
    oauth_tokens: int
    left_out: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLegacyFiles:
    """From the database's stores into the file stores of a new directory."""

    stores: Stores
    audit: AuditLog

    def __call__(self, sink: LegacyFileSink, files: Stores) -> Exported:
        """Copy everything that the old version can hold. Raises `Conflict` or `Integrity`.

        It is in the audit log before the first file is written.
        """
        sink.prepare()
        names = [info.name for info in self.stores.secrets.list()]
        tokens = self.stores.oauth_tokens.list()
        with announced(self.audit, Action.LEGACY_EXPORT, "stores", detail=_counted(names, tokens)):
            exported = self._copied(names, tokens, files)
            sink.finish()
        return exported

    def _copied(self, names: list[str], tokens: list[OAuthToken], files: Stores) -> Exported:
        written = 0
        for name in filter(holds_token, names):
            secret = self.stores.secrets.get(name)
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
        )


def _counted(names: list[str], tokens: list[OAuthToken]) -> str:
    return f"in the clear: secrets {sum(map(holds_token, names))}, OAuth tokens {len(tokens)}"

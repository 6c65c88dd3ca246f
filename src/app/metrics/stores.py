"""Stores whose operations are measured. They are for the HTTP face: neither library nor commands pay for it."""

from collections.abc import Collection, Iterable

from typing_extensions import override

from app.metrics.operations import StoreMetrics
from domain.oauth import OAuthToken
from domain.ports import OAuthTokenStore, SecretHistory, SecretStore, SessionStore
from domain.secrets import DamagedVersion, Secret, SecretInfo, SecretVersion
from domain.sessions import Session


class MeteredSessionStore(SessionStore):
    """Sessions."""

    def __init__(self, sessions: SessionStore, metrics: StoreMetrics) -> None:
        self._sessions = sessions
        self._run = metrics.of("sessions")

    @override
    def get(self, key: str) -> Session | None:
        return self._run("get", self._sessions.get, key)

    @override
    def set(self, key: str, session_id: str, *, used_at: int | None = None) -> None:
        self._run("set", self._sessions.set, key, session_id, used_at=used_at)

    @override
    def delete(self, key: str) -> bool:
        return self._run("delete", self._sessions.delete, key)

    @override
    def prune_stale(self, before: int) -> int:
        return self._run("prune_stale", self._sessions.prune_stale, before)

    @override
    def count_stale(self, before: int) -> int:
        return self._run("count_stale", self._sessions.count_stale, before)

    @override
    def put_many(self, sessions: Iterable[Session]) -> int:
        return self._run("put_many", self._sessions.put_many, sessions)

    @override
    def count(self) -> int:
        return self._run("count", self._sessions.count)

    @override
    def list(self, *, prefix: str = "", after: str | None = None, limit: int | None = None) -> list[Session]:
        return self._run("list", self._sessions.list, prefix=prefix, after=after, limit=limit)


class MeteredSecretStore(SecretStore):
    """Secrets."""

    def __init__(self, secrets: SecretStore, metrics: StoreMetrics) -> None:
        self._secrets = secrets
        self._run = metrics.of("secrets")

    @override
    def get(self, name: str) -> Secret | None:
        return self._run("get", self._secrets.get, name)

    @override
    def set(self, name: str, value: str, *, expected_version: int | None = None, expires_at: int | None = None) -> int:
        return self._run(
            "set", self._secrets.set, name, value, expected_version=expected_version, expires_at=expires_at
        )

    @override
    def delete(self, name: str, *, expected_version: int | None = None) -> bool:
        return self._run("delete", self._secrets.delete, name, expected_version=expected_version)

    @override
    def info(self, name: str) -> SecretInfo | None:
        return self._run("info", self._secrets.info, name)

    @override
    def list(self) -> list[SecretInfo]:
        return self._run("list", self._secrets.list)


class MeteredSecretHistory(SecretHistory):
    """The versions of secrets."""

    def __init__(self, history: SecretHistory, metrics: StoreMetrics) -> None:
        self._history = history
        self._run = metrics.of("secret_history")

    @override
    def versions(self, name: str) -> list[SecretVersion]:
        return self._run("versions", self._history.versions, name)

    @override
    def get_version(self, name: str, version: int) -> Secret | None:
        return self._run("get_version", self._history.get_version, name, version)

    @override
    def destroy_many(self, versions: Collection[tuple[str, int]]) -> int:
        return self._run("destroy_many", self._history.destroy_many, versions)

    @override
    def undelete(self, name: str) -> int | None:
        return self._run("undelete", self._history.undelete, name)

    @override
    def deleted(self) -> list[SecretVersion]:
        return self._run("deleted", self._history.deleted)

    @override
    def find_damage(self, *, current_only: bool = False) -> list[DamagedVersion]:
        return self._run("find_damage", self._history.find_damage, current_only=current_only)


class MeteredOAuthTokenStore(OAuthTokenStore):
    """OAuth tokens."""

    def __init__(self, tokens: OAuthTokenStore, metrics: StoreMetrics) -> None:
        self._tokens = tokens
        self._run = metrics.of("oauth_tokens")

    @override
    def get(self, forge: str) -> OAuthToken | None:
        return self._run("get", self._tokens.get, forge)

    @override
    def upsert(self, token: OAuthToken, *, expected_version: int | None = None) -> int:
        return self._run("upsert", self._tokens.upsert, token, expected_version=expected_version)

    @override
    def delete(self, forge: str) -> bool:
        return self._run("delete", self._tokens.delete, forge)

    @override
    def list(self) -> list[OAuthToken]:
        return self._run("list", self._tokens.list)

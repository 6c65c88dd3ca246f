"""The stores as the HTTP face is given them, measured, and the use cases on top of these.

A use case is a frozen dataclass of ports, so that a copy of it with another store is all it takes: the
container, and with it the library and the commands, is left as it is.
"""

from dataclasses import dataclass, replace

from app.container import Container
from app.metrics.registry import Metrics
from app.metrics.stores import MeteredOAuthTokenStore, MeteredSecretHistory, MeteredSecretStore, MeteredSessionStore
from app.usecases.find_damage import FindDamage
from app.usecases.oauth.connect import FinishAuthorization
from app.usecases.oauth.disconnect import Disconnect
from app.usecases.oauth.give_out import GiveOutAccessToken
from app.usecases.oauth.look import LookAtConnection
from app.usecases.oauth.refresh import RefreshConnection
from app.usecases.prune_sessions import PruneSessions
from app.usecases.read_secret import ReadSecret
from app.usecases.rollback_secret import RollbackSecret
from app.usecases.rotate_agent_token import RotateAgentToken
from app.usecases.store_secret import StoreSecret
from domain.ports import OAuthTokenStore, SecretHistory, SecretStore, SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """By the names that the container has for them."""

    sessions: SessionStore
    secrets: SecretStore
    secret_history: SecretHistory
    prune_sessions: PruneSessions
    read_secret: ReadSecret
    store_secret: StoreSecret
    rollback_secret: RollbackSecret
    rotate_agent_token: RotateAgentToken
    find_damage: FindDamage
    look_at_connection: LookAtConnection
    finish_authorization: FinishAuthorization
    refresh_connection: RefreshConnection
    give_out_access_token: GiveOutAccessToken
    disconnect: Disconnect


def metered(container: Container, metrics: Metrics) -> Metered:
    """Return the stores of `container`, their events included, and what is built on them, measured by `metrics`."""
    sessions = MeteredSessionStore(container.sessions(), metrics.stores)
    secrets = MeteredSecretStore(container.secrets(), metrics.stores)
    history = MeteredSecretHistory(container.secret_history(), metrics.stores)
    quiet_secrets = MeteredSecretStore(container.unaudited_secrets(), metrics.stores)
    quiet_history = MeteredSecretHistory(container.unaudited_secret_history(), metrics.stores)
    tokens = MeteredOAuthTokenStore(container.unaudited_oauth_tokens(), metrics.stores)
    store = replace(container.store_secret(), secrets=secrets)
    refresh = _refresh(container.refresh_connection(), tokens, metrics)
    return Metered(
        sessions=sessions,
        secrets=secrets,
        secret_history=history,
        prune_sessions=replace(container.prune_sessions(), sessions=sessions),
        read_secret=replace(container.read_secret(), secrets=secrets, history=history),
        store_secret=store,
        rollback_secret=replace(container.rollback_secret(), secrets=quiet_secrets, history=quiet_history),
        rotate_agent_token=replace(container.rotate_agent_token(), store=store),
        find_damage=replace(container.find_damage(), history=quiet_history),
        look_at_connection=replace(container.look_at_connection(), tokens=tokens),
        finish_authorization=replace(container.finish_authorization(), tokens=tokens),
        refresh_connection=refresh,
        give_out_access_token=replace(container.give_out_access_token(), refresh=refresh),
        disconnect=replace(container.disconnect(), tokens=tokens, refresh=refresh),
    )


def _refresh(refresh: RefreshConnection, tokens: OAuthTokenStore, metrics: Metrics) -> RefreshConnection:
    """Return `refresh`, measured. The copy takes its turns by the same locks, so that both are one at a time."""
    keep = replace(refresh.keep, tokens=tokens)
    attempt = replace(refresh.attempt, tokens=tokens, keep=keep)
    return replace(refresh, tokens=tokens, keep=keep, attempt=attempt, on_outcome=metrics.refreshes)

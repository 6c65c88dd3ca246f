"""Callers, settings, and what is kept up."""

from dependency_injector import providers

from app.container.connections import Connections
from app.container.ground import Ground
from app.container.stores import Stores
from app.usecases.api_tokens import Authenticate, CreateApiToken
from app.usecases.change_settings import ChangeSettings
from app.usecases.prune_audit import PruneAudit
from app.usecases.prune_sessions import PruneSessions
from app.usecases.read_audit import ReadAudit


class Upkeep(Connections):
    """Each a use case of its own."""

    prune_sessions: providers.Provider[PruneSessions] = providers.Singleton(
        PruneSessions, sessions=Stores.sessions, clock=Ground.clock
    )
    create_api_token: providers.Provider[CreateApiToken] = providers.Singleton(
        CreateApiToken, tokens=Stores.api_tokens, clock=Ground.clock
    )
    authenticate: providers.Provider[Authenticate] = providers.Singleton(
        Authenticate, tokens=Stores.api_tokens, clock=Ground.clock
    )
    change_settings: providers.Provider[ChangeSettings] = providers.Singleton(
        ChangeSettings, settings=Ground.setting_store, audit=Ground.audit
    )
    read_audit: providers.Provider[ReadAudit] = providers.Singleton(ReadAudit, audit=Ground.audit, clock=Ground.clock)
    prune_audit: providers.Provider[PruneAudit] = providers.Singleton(
        PruneAudit, audit=Ground.audit, clock=Ground.clock
    )

"""The connections to the forges."""

from dependency_injector import providers

from adapters.forges import ForgejoAuthorizationServer, GithubAuthorizationServer, GitlabAuthorizationServer
from adapters.system import undisturbed
from app.container.ground import Ground
from app.container.mounts import Mounts
from app.container.secrets import Secrets
from app.container.stores import Stores
from app.oauth_clients import ConfiguredClients
from app.usecases.oauth.attempt import RefreshAttempt
from app.usecases.oauth.connect import BeginAuthorization, FinishAuthorization
from app.usecases.oauth.disconnect import Disconnect
from app.usecases.oauth.git_credential import AnswerGit
from app.usecases.oauth.give_out import GiveOutAccessToken
from app.usecases.oauth.keep_answer import KeepAnswer
from app.usecases.oauth.look import LookAtConnection
from app.usecases.oauth.refresh import RefreshConnection
from app.usecases.oauth.registration import Registration
from domain.ports import AuthorizationServer


class Connections(Secrets):
    """Made, kept fresh, given out, ended."""

    authorization_servers: providers.Provider[dict[str, AuthorizationServer]] = providers.Singleton(
        dict,
        forgejo=providers.Singleton(ForgejoAuthorizationServer),
        github=providers.Singleton(GithubAuthorizationServer),
        gitlab=providers.Singleton(GitlabAuthorizationServer),
    )
    registration: providers.Provider[Registration] = providers.Singleton(
        Registration,
        clients=providers.Singleton(
            ConfiguredClients, Ground.settings, Ground.unaudited_setting_store, Stores.unaudited_secrets
        ),
        servers=authorization_servers,
        cipher=Ground.cipher,
    )
    look_at_connection: providers.Provider[LookAtConnection] = providers.Singleton(
        LookAtConnection,
        tokens=Stores.unaudited_oauth_tokens,
        faults=Stores.connection_faults,
        registration=registration,
        clock=Ground.clock,
    )
    begin_authorization: providers.Provider[BeginAuthorization] = providers.Singleton(
        BeginAuthorization, pending=Stores.pending_authorizations, registration=registration, clock=Ground.clock
    )
    finish_authorization: providers.Provider[FinishAuthorization] = providers.Singleton(
        FinishAuthorization,
        pending=Stores.pending_authorizations,
        registration=registration,
        tokens=Stores.unaudited_oauth_tokens,
        audit=Ground.audit,
        clock=Ground.clock,
    )
    keep_answer: providers.Provider[KeepAnswer] = providers.Singleton(
        KeepAnswer,
        tokens=Stores.unaudited_oauth_tokens,
        journal=Stores.answer_journal,
        registration=registration,
        audit=Ground.audit,
        clock=Ground.clock,
    )
    refresh_connection: providers.Provider[RefreshConnection] = providers.Singleton(
        RefreshConnection,
        tokens=Stores.unaudited_oauth_tokens,
        leases=Ground.leases,
        attempt=providers.Singleton(
            RefreshAttempt,
            tokens=Stores.unaudited_oauth_tokens,
            faults=Stores.connection_faults,
            keep=keep_answer,
            registration=registration,
            clock=Ground.clock,
        ),
        keep=keep_answer,
        clock=Ground.clock,
        undisturbed=providers.Object(undisturbed),
    )
    give_out_access_token: providers.Provider[GiveOutAccessToken] = providers.Singleton(
        GiveOutAccessToken, refresh=refresh_connection, audit=Ground.audit
    )
    answer_git: providers.Provider[AnswerGit] = providers.Singleton(
        AnswerGit,
        give_out=give_out_access_token,
        registration=registration,
        tokens=Stores.unaudited_oauth_tokens,
        secrets=Mounts.secrets,
    )
    disconnect: providers.Provider[Disconnect] = providers.Singleton(
        Disconnect,
        tokens=Stores.unaudited_oauth_tokens,
        refresh=refresh_connection,
        registration=registration,
        audit=Ground.audit,
        clock=Ground.clock,
    )

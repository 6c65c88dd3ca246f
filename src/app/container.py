"""Which adapter stands behind which port, and which ports a use case is given. Nothing else knows adapters."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dependency_injector import containers, providers

from adapters.crypto import AesGcmCipher, create_data_keys, create_sealing_key, open_canaries, rewrap
from adapters.filesystem import (
    DirectoryLegacyFileSource,
    DirectoryPlaces,
    FileAnswerJournal,
    FileLock,
    FileOAuthTokenStore,
    FileRemnantSearch,
    FileSecretStore,
    FileSessionStore,
    KeyringEntry,
    MasterKeySource,
    SearchedPlaces,
    create_durably,
)
from adapters.filesystem.legacy_file_sink import DirectoryLegacyFileSink
from adapters.forges import (
    ForgejoAuthorizationServer,
    ForgejoCredentialCheck,
    GithubAuthorizationServer,
    GitlabAuthorizationServer,
    PenpotCredentialCheck,
)
from adapters.memory import (
    MemoryAuditLog,
    MemoryBackupStore,
    MemoryCipher,
    MemoryLastActs,
    MemoryLegacyArchive,
    MemoryMigrationLedger,
    MemoryOAuthTokenStore,
    MemorySecretHistory,
    MemorySecretStore,
    MemorySessionStore,
)
from adapters.sql import (
    HEAD,
    Database,
    SqlApiTokenStore,
    SqlAuditLog,
    SqlConnectionFaults,
    SqlDataKeyStore,
    SqliteBackupStore,
    SqliteCheckup,
    SqliteSchema,
    SqlLastActs,
    SqlLeases,
    SqlLegacyArchive,
    SqlMigrationLedger,
    SqlNamedRequests,
    SqlOAuthTokenStore,
    SqlPendingAuthorizations,
    SqlSealedRows,
    SqlSecretHistory,
    SqlSecretStore,
    SqlSessionStore,
    SqlSettingStore,
    SqlStoredValues,
    open_database,
    open_for_a_look,
)
from adapters.system import Silence, SystemClock, SystemdServiceManager, identity, is_gone, undisturbed
from app.oauth_clients import CLIENT_SECRETS, ConfiguredClients
from app.settings import Settings
from app.usecases.api_tokens import Authenticate, CreateApiToken
from app.usecases.audited_api_tokens import AuditedApiTokenStore
from app.usecases.audited_backups import AuditedBackupStore
from app.usecases.audited_oauth_tokens import AuditedOAuthTokenStore
from app.usecases.audited_secrets import AuditedSecretHistory, AuditedSecretStore
from app.usecases.audited_settings import AuditedSettingStore
from app.usecases.change_master_key import ChangeMasterKey
from app.usecases.change_settings import ChangeSettings
from app.usecases.check_credential import CheckCredential
from app.usecases.doctor.access import ExamineAccess
from app.usecases.doctor.database import ExamineDatabase
from app.usecases.doctor.surroundings import ExamineSurroundings
from app.usecases.doctor.upkeep import Archives, ExamineUpkeep
from app.usecases.doctor.values import ExamineValues
from app.usecases.drill import Drill
from app.usecases.export_legacy_files import ExportLegacyFiles, Stores
from app.usecases.find_damage import FindDamage
from app.usecases.forget_damaged import ForgetDamaged
from app.usecases.key_kit import MakeKeyKit, ProveKeyKit
from app.usecases.key_status import KeyStatus
from app.usecases.migrate import Migrate
from app.usecases.migrate_agent_tokens import MigrateAgentTokens
from app.usecases.migrate_gitlab_oauth import MigrateGitlabOauth
from app.usecases.migrate_sessions import MigrateSessions
from app.usecases.move_file import MoveFile
from app.usecases.oauth.attempt import RefreshAttempt
from app.usecases.oauth.connect import BeginAuthorization, FinishAuthorization
from app.usecases.oauth.disconnect import Disconnect
from app.usecases.oauth.git_credential import AnswerGit
from app.usecases.oauth.give_out import GiveOutAccessToken
from app.usecases.oauth.keep_answer import KeepAnswer
from app.usecases.oauth.look import LookAtConnection
from app.usecases.oauth.refresh import RefreshConnection
from app.usecases.oauth.registration import Registration
from app.usecases.prune_audit import PruneAudit
from app.usecases.prune_sessions import PruneSessions
from app.usecases.read_audit import ReadAudit
from app.usecases.read_secret import ReadSecret
from app.usecases.restore_legacy_files import RestoreLegacyFiles
from app.usecases.rollback_secret import RollbackSecret
from app.usecases.rotate_agent_token import RotateAgentToken
from app.usecases.rotate_data_keys import RotateDataKeys
from app.usecases.store_secret import StoreSecret
from app.usecases.succeed_data_key import SucceedDataKey
from app.usecases.survey import Survey
from app.usecases.unlock import Unlock
from app.usecases.verify_keys import VerifyKeys
from app.version import __version__
from domain.instants import HOUR_MS
from domain.keys import MasterKey
from domain.ports import (
    AnswerJournal,
    ApiTokenStore,
    AuditLog,
    AuthorizationServer,
    BackupStore,
    Cipher,
    Clock,
    ConnectionFaults,
    CredentialCheck,
    DatabaseCheckup,
    DataKeyStore,
    KeySource,
    LastActs,
    Leases,
    LegacyArchive,
    LegacyFileSink,
    LegacyFileSource,
    Lock,
    MigrationLedger,
    NamedRequests,
    OAuthTokenStore,
    PendingAuthorizations,
    Progress,
    RemnantSearch,
    Schema,
    SealedRows,
    SecretHistory,
    SecretStore,
    ServiceManager,
    SessionStore,
    SettingStore,
    StoredValues,
)
from domain.remnants import StoredValue

LOCK_NAME = "strongroom.lock"
ROTATION_LOCK_NAME = "strongroom-rotation.lock"


@contextmanager
def _fresh_sessions(database: Database, clock: Clock) -> Iterator[SessionStore]:
    with database.fresh() as fresh:
        yield SqlSessionStore(fresh, clock)


@contextmanager
def _fresh_secrets(database: Database, cipher: Cipher, clock: Clock) -> Iterator[SecretStore]:
    with database.fresh() as fresh:
        yield SqlSecretStore(fresh, cipher, clock)


@contextmanager
def _fresh_oauth_tokens(database: Database, cipher: Cipher, clock: Clock) -> Iterator[OAuthTokenStore]:
    with database.fresh() as fresh:
        yield SqlOAuthTokenStore(fresh, cipher, clock)


def _secrets_elsewhere(settings: Settings, master_key: MasterKey) -> list[StoredValue]:
    """Gather the secrets that the service knows and does not keep in its database."""
    clients = {name: getattr(settings, name) for name in CLIENT_SECRETS}
    return [
        StoredValue("the master key", master_key.material.reveal()),
        *(StoredValue(f"the setting {name}", value.reveal().encode()) for name, value in clients.items() if value),
    ]


def _keyring_entry(settings: Settings) -> KeyringEntry | None:
    service, _, username = (settings.master_key_keyring or "").partition("/")
    return KeyringEntry(service, username) if service else None


def _forge_urls(settings: Settings) -> dict[str, str | None]:
    return {
        "forgejo": settings.forgejo_url,
        "github": settings.github_url,
        "gitlab": settings.gitlab_url,
        "penpot": settings.penpot_url,
    }


class Container(containers.DeclarativeContainer):
    """The whole service. Every provider makes its object once; tests override providers with memory adapters.

    `master_key` is given by `app.boot` after the key was checked. A store that is `unaudited` is for
    use cases that leave an event of their own, and for the library (docs/adr/0009-audit.md); faces
    are given the one of the plain name.
    """

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    master_key: providers.Provider[MasterKey] = providers.Dependency(instance_of=MasterKey)
    progress: providers.Provider[Progress] = providers.Singleton(Silence)
    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    service_manager: providers.Provider[ServiceManager] = providers.Singleton(SystemdServiceManager)

    database: providers.Provider[Database] = providers.Singleton(open_database, settings.provided.sqlite_path)
    schema_version: providers.Provider[str] = providers.Object(HEAD)
    schema: providers.Provider[Schema] = providers.Singleton(
        SqliteSchema, settings.provided.sqlite_path, database.provider
    )
    lock: providers.Provider[Lock] = providers.Singleton(
        FileLock, providers.Callable(lambda s: s.state_dir / LOCK_NAME, settings)
    )
    rotation_lock: providers.Provider[Lock] = providers.Singleton(
        FileLock, providers.Callable(lambda s: s.state_dir / ROTATION_LOCK_NAME, settings)
    )
    key_source: providers.Provider[KeySource] = providers.Singleton(
        MasterKeySource,
        key_file=settings.provided.master_key_file,
        env_key=settings.provided.master_key,
        credential=settings.provided.credential,
        keyring=providers.Callable(_keyring_entry, settings),
    )
    data_keys: providers.Provider[DataKeyStore] = providers.Singleton(SqlDataKeyStore, database)
    cipher: providers.ThreadSafeSingleton[Cipher] = providers.ThreadSafeSingleton(
        AesGcmCipher, master_key, data_keys, key_source=key_source
    )
    sealed_rows: providers.Provider[SealedRows] = providers.Singleton(SqlSealedRows, database, cipher)

    sessions: providers.Provider[SessionStore] = providers.Singleton(SqlSessionStore, database, clock)
    audit: providers.Provider[AuditLog] = providers.Singleton(SqlAuditLog, database, cipher, clock)
    last_acts: providers.Provider[LastActs] = providers.Singleton(SqlLastActs, database)
    unaudited_secrets: providers.Provider[SecretStore] = providers.Singleton(SqlSecretStore, database, cipher, clock)
    secrets: providers.Provider[SecretStore] = providers.Singleton(AuditedSecretStore, unaudited_secrets, audit)
    unaudited_secret_history: providers.Provider[SecretHistory] = providers.Singleton(
        SqlSecretHistory, database, cipher, clock
    )
    secret_history: providers.Provider[SecretHistory] = providers.Singleton(
        AuditedSecretHistory, unaudited_secret_history, audit
    )
    unaudited_oauth_tokens: providers.Provider[OAuthTokenStore] = providers.Singleton(
        SqlOAuthTokenStore, database, cipher, clock
    )
    oauth_tokens: providers.Provider[OAuthTokenStore] = providers.Singleton(
        AuditedOAuthTokenStore, unaudited_oauth_tokens, audit
    )
    unaudited_api_tokens: providers.Provider[ApiTokenStore] = providers.Singleton(SqlApiTokenStore, database)
    api_tokens: providers.Provider[ApiTokenStore] = providers.Singleton(
        AuditedApiTokenStore, unaudited_api_tokens, audit
    )
    unaudited_setting_store: providers.Provider[SettingStore] = providers.Singleton(SqlSettingStore, database, clock)
    setting_store: providers.Provider[SettingStore] = providers.Singleton(
        AuditedSettingStore, unaudited_setting_store, audit
    )
    connection_faults: providers.Provider[ConnectionFaults] = providers.Singleton(SqlConnectionFaults, database)
    pending_authorizations: providers.Provider[PendingAuthorizations] = providers.Singleton(
        SqlPendingAuthorizations, database, cipher, clock
    )
    leases: providers.Provider[Leases] = providers.Singleton(
        SqlLeases, database, clock, owner=providers.Object(identity), is_gone=providers.Object(is_gone)
    )
    answer_journal: providers.Provider[AnswerJournal] = providers.Singleton(
        FileAnswerJournal, settings.provided.state_dir, cipher
    )
    authorization_servers: providers.Provider[dict[str, AuthorizationServer]] = providers.Singleton(
        dict,
        forgejo=providers.Singleton(ForgejoAuthorizationServer),
        github=providers.Singleton(GithubAuthorizationServer),
        gitlab=providers.Singleton(GitlabAuthorizationServer),
    )
    named_requests: providers.Provider[NamedRequests] = providers.Singleton(SqlNamedRequests, database, clock)
    ledger: providers.Provider[MigrationLedger] = providers.Singleton(SqlMigrationLedger, database)
    archive: providers.Provider[LegacyArchive] = providers.Singleton(SqlLegacyArchive, database, cipher, clock)
    archived_files: providers.Provider[LegacyFileSource] = providers.Singleton(
        SqlLegacyArchive, database, cipher, clock
    )
    legacy_files: providers.Provider[LegacyFileSource] = providers.Singleton(
        DirectoryLegacyFileSource, settings.provided.state_dir, settings.provided.config_dir
    )
    unaudited_backups: providers.Provider[BackupStore] = providers.Singleton(
        SqliteBackupStore,
        database,
        cipher,
        clock,
        directory=settings.provided.backup_dir,
        application_version=__version__,
        cipher_of=providers.Factory(AesGcmCipher, master_key, key_source=key_source).provider,
    )
    backups: providers.Provider[BackupStore] = providers.Singleton(AuditedBackupStore, unaudited_backups, audit)

    fresh_sessions: providers.Provider[AbstractContextManager[SessionStore]] = providers.Factory(
        _fresh_sessions, database, clock
    )
    fresh_secrets: providers.Provider[AbstractContextManager[SecretStore]] = providers.Factory(
        _fresh_secrets, database, cipher, clock
    )
    fresh_oauth_tokens: providers.Provider[AbstractContextManager[OAuthTokenStore]] = providers.Factory(
        _fresh_oauth_tokens, database, cipher, clock
    )

    unlock: providers.Provider[Unlock] = providers.Singleton(
        Unlock,
        schema=schema,
        key_source=key_source,
        data_keys=data_keys.provider,
        create_data_keys=providers.Object(create_data_keys),
        lock=lock,
        clock=clock,
        progress=progress,
    )
    migrate_gitlab_oauth: providers.Provider[MigrateGitlabOauth] = providers.Singleton(
        MigrateGitlabOauth, tokens=unaudited_oauth_tokens, fresh_tokens=fresh_oauth_tokens.provider
    )
    migrate_sessions: providers.Provider[MigrateSessions] = providers.Singleton(
        MigrateSessions, sessions=sessions, fresh_sessions=fresh_sessions.provider, progress=progress
    )
    migrate_agent_tokens: providers.Provider[MigrateAgentTokens] = providers.Singleton(
        MigrateAgentTokens, secrets=unaudited_secrets, fresh_secrets=fresh_secrets.provider
    )
    migrate: providers.Provider[Migrate] = providers.Singleton(
        Migrate,
        migrations=providers.List(migrate_gitlab_oauth, migrate_sessions, migrate_agent_tokens),
        move_file=providers.Singleton(
            MoveFile, source=legacy_files, archive=archive, ledger=ledger, cipher=cipher, clock=clock
        ),
        backups=unaudited_backups,
        audit=audit,
        lock=lock,
        progress=progress,
    )
    restore_legacy_files: providers.Provider[RestoreLegacyFiles] = providers.Singleton(
        RestoreLegacyFiles, archive=archived_files, audit=audit
    )
    export_legacy_files: providers.Provider[ExportLegacyFiles] = providers.Singleton(
        ExportLegacyFiles,
        stores=providers.Singleton(
            Stores, sessions=sessions, secrets=unaudited_secrets, oauth_tokens=unaudited_oauth_tokens
        ),
        audit=audit,
    )
    forgejo_check: providers.Provider[CredentialCheck] = providers.Singleton(
        ForgejoCredentialCheck, settings.provided.forgejo_url
    )
    penpot_check: providers.Provider[CredentialCheck] = providers.Singleton(
        PenpotCredentialCheck, settings.provided.penpot_url
    )
    store_secret: providers.Provider[StoreSecret] = providers.Singleton(
        StoreSecret,
        secrets=secrets,
        check=providers.Singleton(CheckCredential, forgejo=forgejo_check, penpot=penpot_check),
        clock=clock,
    )
    rotate_data_keys: providers.Provider[RotateDataKeys] = providers.Singleton(
        RotateDataKeys,
        keys=data_keys,
        rows=sealed_rows,
        key_source=key_source,
        create_sealing_key=providers.Object(create_sealing_key),
        lock=rotation_lock,
        audit=audit,
        clock=clock,
        progress=progress,
    )
    succeed_data_key: providers.Provider[SucceedDataKey] = providers.Singleton(
        SucceedDataKey,
        keys=data_keys,
        create_sealing_key=providers.Object(create_sealing_key),
        clock=clock,
        audit=audit,
    )
    change_master_key: providers.Provider[ChangeMasterKey] = providers.Singleton(
        ChangeMasterKey,
        keys=data_keys,
        key_source=key_source,
        rewrap=providers.Object(rewrap),
        settings=unaudited_setting_store,
        lock=lock,
        audit=audit,
        progress=progress,
    )
    key_status: providers.Provider[KeyStatus] = providers.Singleton(
        KeyStatus,
        keys=data_keys,
        rows=sealed_rows,
        key_source=key_source,
        cipher=cipher,
        settings=unaudited_setting_store,
    )
    verify_keys: providers.Provider[VerifyKeys] = providers.Singleton(VerifyKeys, rows=sealed_rows, progress=progress)
    make_key_kit: providers.Provider[MakeKeyKit] = providers.Singleton(
        MakeKeyKit, key_source=key_source, settings=unaudited_setting_store, audit=audit, clock=clock
    )
    prove_key_kit: providers.Provider[ProveKeyKit] = providers.Singleton(
        ProveKeyKit,
        keys=data_keys,
        open_canaries=providers.Object(open_canaries),
        settings=unaudited_setting_store,
        audit=audit,
        clock=clock,
    )
    rotate_agent_token: providers.Provider[RotateAgentToken] = providers.Singleton(RotateAgentToken, store=store_secret)
    read_secret: providers.Provider[ReadSecret] = providers.Singleton(
        ReadSecret, secrets=secrets, history=secret_history
    )
    rollback_secret: providers.Provider[RollbackSecret] = providers.Singleton(
        RollbackSecret, secrets=unaudited_secrets, history=unaudited_secret_history, audit=audit, clock=clock
    )
    find_damage: providers.Provider[FindDamage] = providers.Singleton(FindDamage, history=unaudited_secret_history)
    forget_damaged: providers.Provider[ForgetDamaged] = providers.Singleton(
        ForgetDamaged, find=find_damage, secrets=secrets, history=secret_history, backups=backups
    )
    drill: providers.Provider[Drill] = providers.Singleton(
        Drill,
        secrets=unaudited_secrets,
        history=unaudited_secret_history,
        oauth_tokens=unaudited_oauth_tokens,
        archive=archive,
        last_acts=last_acts,
        cipher=cipher,
        settings=setting_store,
        clock=clock,
        forge_urls=providers.Callable(_forge_urls, settings),
    )
    prune_sessions: providers.Provider[PruneSessions] = providers.Singleton(
        PruneSessions, sessions=sessions, clock=clock
    )
    create_api_token: providers.Provider[CreateApiToken] = providers.Singleton(
        CreateApiToken, tokens=api_tokens, clock=clock
    )
    authenticate: providers.Provider[Authenticate] = providers.Singleton(Authenticate, tokens=api_tokens, clock=clock)
    registration: providers.Provider[Registration] = providers.Singleton(
        Registration,
        clients=providers.Singleton(ConfiguredClients, settings, unaudited_setting_store, unaudited_secrets),
        servers=authorization_servers,
        cipher=cipher,
    )
    look_at_connection: providers.Provider[LookAtConnection] = providers.Singleton(
        LookAtConnection,
        tokens=unaudited_oauth_tokens,
        faults=connection_faults,
        registration=registration,
        clock=clock,
    )
    begin_authorization: providers.Provider[BeginAuthorization] = providers.Singleton(
        BeginAuthorization, pending=pending_authorizations, registration=registration, clock=clock
    )
    finish_authorization: providers.Provider[FinishAuthorization] = providers.Singleton(
        FinishAuthorization,
        pending=pending_authorizations,
        registration=registration,
        tokens=unaudited_oauth_tokens,
        audit=audit,
        clock=clock,
    )
    keep_answer: providers.Provider[KeepAnswer] = providers.Singleton(
        KeepAnswer,
        tokens=unaudited_oauth_tokens,
        journal=answer_journal,
        registration=registration,
        audit=audit,
        clock=clock,
    )
    refresh_connection: providers.Provider[RefreshConnection] = providers.Singleton(
        RefreshConnection,
        tokens=unaudited_oauth_tokens,
        leases=leases,
        attempt=providers.Singleton(
            RefreshAttempt,
            tokens=unaudited_oauth_tokens,
            faults=connection_faults,
            keep=keep_answer,
            registration=registration,
            clock=clock,
        ),
        keep=keep_answer,
        clock=clock,
        undisturbed=providers.Object(undisturbed),
    )
    give_out_access_token: providers.Provider[GiveOutAccessToken] = providers.Singleton(
        GiveOutAccessToken, refresh=refresh_connection, audit=audit
    )
    answer_git: providers.Provider[AnswerGit] = providers.Singleton(
        AnswerGit,
        give_out=give_out_access_token,
        registration=registration,
        tokens=unaudited_oauth_tokens,
        secrets=secrets,
    )
    disconnect: providers.Provider[Disconnect] = providers.Singleton(
        Disconnect,
        tokens=unaudited_oauth_tokens,
        refresh=refresh_connection,
        registration=registration,
        audit=audit,
        clock=clock,
    )
    change_settings: providers.Provider[ChangeSettings] = providers.Singleton(
        ChangeSettings, settings=setting_store, audit=audit
    )
    read_audit: providers.Provider[ReadAudit] = providers.Singleton(ReadAudit, audit=audit, clock=clock)
    prune_audit: providers.Provider[PruneAudit] = providers.Singleton(PruneAudit, audit=audit, clock=clock)
    survey: providers.Provider[Survey] = providers.Singleton(
        Survey,
        sessions=sessions,
        secrets=unaudited_secrets,
        oauth_tokens=unaudited_oauth_tokens,
        look=look_at_connection,
        archive=archive,
        ledger=ledger,
        backups=backups,
        clock=clock,
    )

    examine_access: providers.Provider[ExamineAccess] = providers.Singleton(ExamineAccess, unlock=unlock)
    examine_surroundings: providers.Provider[ExamineSurroundings] = providers.Singleton(
        ExamineSurroundings,
        places=providers.Singleton(
            DirectoryPlaces,
            state_dir=settings.provided.state_dir,
            config_dir=settings.provided.config_dir,
            key_file=settings.provided.master_key_file,
            database=settings.provided.sqlite_path,
            backup_dir=settings.provided.backup_dir,
        ),
    )
    checkup: providers.Provider[DatabaseCheckup] = providers.Singleton(SqliteCheckup, database)
    examine_database: providers.Provider[ExamineDatabase] = providers.Singleton(
        ExamineDatabase,
        checkup=checkup,
        data_keys=data_keys,
        clock=clock,
        seals_per_key=cipher.provided.seals_per_key,
    )
    examine_upkeep: providers.Provider[ExamineUpkeep] = providers.Singleton(
        ExamineUpkeep,
        archives=providers.Singleton(Archives, legacy_files=legacy_files, ledger=ledger, backups=unaudited_backups),
        secrets=unaudited_secrets,
        oauth_tokens=unaudited_oauth_tokens,
        look=look_at_connection,
        audit=audit,
        clock=clock,
        backup_every_ms=providers.Callable(lambda s: s.backup_interval_hours * HOUR_MS, settings),
    )
    stored_values: providers.Provider[StoredValues] = providers.Singleton(SqlStoredValues, database, cipher)
    remnant_search: providers.Provider[RemnantSearch] = providers.Singleton(
        FileRemnantSearch,
        providers.Callable(
            SearchedPlaces,
            database=settings.provided.sqlite_path,
            state_dir=settings.provided.state_dir,
            config_dir=settings.provided.config_dir,
            backup_dir=settings.provided.backup_dir,
            key_file=settings.provided.master_key_file,
            runtime_dir=settings.provided.runtime_dir,
        ),
    )
    examine_values: providers.Provider[ExamineValues] = providers.Singleton(
        ExamineValues,
        sealed_rows=sealed_rows,
        stored_values=stored_values,
        elsewhere=providers.Callable(_secrets_elsewhere, settings, master_key).provider,
        search=remnant_search,
        progress=progress,
    )


def open_container(settings: Settings, progress: Progress | None = None) -> Container:
    """Return a container for `settings`; nothing is opened yet."""
    container = Container(settings=settings)
    container.cipher.add_kwargs(succeed=_succession(container))
    if progress is not None:
        container.progress.override(providers.Object(progress))
    return container


def _succession(container: Container) -> Callable[[MasterKey, str], None]:
    """Ask for the use case only when it is needed: it needs the log, and the log the cipher."""

    def succeed(master: MasterKey, instead_of: str) -> None:
        container.succeed_data_key()(master, instead_of)

    return succeed


def plan_only(container: Container, master: MasterKey | None) -> None:
    """Rewire a container so that nothing can be written.

    With a key the database is opened read-only; without one there is nothing sealed yet, and empty
    stores in memory stand for it.
    """
    if master is not None:
        path = container.settings().sqlite_path
        container.master_key.override(providers.Object(master))
        container.database.override(providers.Singleton(open_for_a_look, path))
        return
    clock = container.clock()
    container.sessions.override(providers.Object(MemorySessionStore(clock)))
    secrets = MemorySecretStore(clock)
    container.unaudited_secrets.override(providers.Object(secrets))
    container.unaudited_secret_history.override(providers.Object(MemorySecretHistory(secrets)))
    container.unaudited_oauth_tokens.override(providers.Object(MemoryOAuthTokenStore()))
    container.ledger.override(providers.Object(MemoryMigrationLedger()))
    container.archive.override(providers.Object(MemoryLegacyArchive(clock)))
    container.unaudited_backups.override(providers.Object(MemoryBackupStore(clock)))
    audit = MemoryAuditLog(MemoryCipher(), clock)
    container.audit.override(providers.Object(audit))
    container.last_acts.override(providers.Object(MemoryLastActs(audit)))
    container.cipher.override(providers.Object(MemoryCipher()))


def write_private_file(path: Path, text: str) -> None:
    """Write a new file that its owner alone can read; raises `FileExistsError`, and `OSError`."""
    create_durably(path, text.encode())


def directory_sink(directory: Path) -> LegacyFileSink:
    """Return a new directory in which old files can be put back."""
    return DirectoryLegacyFileSink(directory)


def file_stores(directory: Path, clock: Clock) -> Stores:
    """Return the old version's own stores below `directory`."""
    state, config = directory / "state", directory / "config"
    return Stores(
        sessions=FileSessionStore(state / "sessions.json", clock),
        secrets=FileSecretStore(config, clock),
        oauth_tokens=FileOAuthTokenStore(state, clock),
    )

"""Which adapter stands behind which port, and which ports a use case is given. Nothing else knows adapters."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dependency_injector import containers, providers

from adapters.crypto import AesGcmCipher, create_data_keys
from adapters.filesystem import (
    DirectoryLegacyFileSource,
    FileLock,
    FileOAuthTokenStore,
    FileSecretStore,
    FileSessionStore,
    MasterKeySource,
)
from adapters.filesystem.legacy_file_sink import DirectoryLegacyFileSink
from adapters.memory import (
    MemoryBackupStore,
    MemoryCipher,
    MemoryLegacyArchive,
    MemoryMigrationLedger,
    MemoryOAuthTokenStore,
    MemorySecretStore,
    MemorySessionStore,
)
from adapters.sql import (
    Database,
    SqlApiTokenStore,
    SqlDataKeyStore,
    SqliteBackupStore,
    SqliteSchema,
    SqlLegacyArchive,
    SqlMigrationLedger,
    SqlOAuthTokenStore,
    SqlSecretStore,
    SqlSessionStore,
    SqlSettingStore,
    WrittenBy,
    open_database,
    open_read_only,
)
from adapters.system import Silence, SystemClock
from app.settings import Settings
from app.usecases.api_tokens import Authenticate, CreateApiToken
from app.usecases.export_legacy_files import ExportLegacyFiles, Stores
from app.usecases.migrate import Migrate
from app.usecases.migrate_agent_tokens import MigrateAgentTokens
from app.usecases.migrate_gitlab_oauth import MigrateGitlabOauth
from app.usecases.migrate_sessions import MigrateSessions
from app.usecases.move_file import MoveFile
from app.usecases.prune_sessions import PruneSessions
from app.usecases.restore_legacy_files import RestoreLegacyFiles
from app.usecases.rotate_agent_token import RotateAgentToken
from app.usecases.survey import Survey
from app.usecases.unlock import Unlock
from app.version import __version__
from domain.keys import MasterKey
from domain.ports import (
    ApiTokenStore,
    BackupStore,
    Cipher,
    Clock,
    DataKeyStore,
    KeySource,
    LegacyArchive,
    LegacyFileSink,
    LegacyFileSource,
    Lock,
    MigrationLedger,
    OAuthTokenStore,
    Progress,
    Schema,
    SecretStore,
    SessionStore,
    SettingStore,
)

LOCK_NAME = "strongroom.lock"


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


def _written_by(master_key: MasterKey) -> WrittenBy:
    return WrittenBy(__version__, master_key.fingerprint)


class Container(containers.DeclarativeContainer):
    """The whole service. Every provider makes its object once; tests override providers with memory adapters.

    `master_key` is given by `app.boot` after the key was checked.
    """

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    master_key: providers.Provider[MasterKey] = providers.Dependency(instance_of=MasterKey)
    progress: providers.Provider[Progress] = providers.Singleton(Silence)
    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)

    database: providers.Provider[Database] = providers.Singleton(open_database, settings.provided.sqlite_path)
    schema: providers.Provider[Schema] = providers.Singleton(
        SqliteSchema, settings.provided.sqlite_path, database.provider
    )
    lock: providers.Provider[Lock] = providers.Singleton(
        FileLock, providers.Callable(lambda s: s.state_dir / LOCK_NAME, settings)
    )
    key_source: providers.Provider[KeySource] = providers.Singleton(
        MasterKeySource,
        key_file=settings.provided.master_key_file,
        env_key=settings.provided.master_key,
        credential=settings.provided.credential,
    )
    data_keys: providers.Provider[DataKeyStore] = providers.Singleton(SqlDataKeyStore, database)
    cipher: providers.Provider[Cipher] = providers.ThreadSafeSingleton(AesGcmCipher, master_key, data_keys)

    sessions: providers.Provider[SessionStore] = providers.Singleton(SqlSessionStore, database, clock)
    secrets: providers.Provider[SecretStore] = providers.Singleton(SqlSecretStore, database, cipher, clock)
    oauth_tokens: providers.Provider[OAuthTokenStore] = providers.Singleton(SqlOAuthTokenStore, database, cipher, clock)
    api_tokens: providers.Provider[ApiTokenStore] = providers.Singleton(SqlApiTokenStore, database)
    setting_store: providers.Provider[SettingStore] = providers.Singleton(SqlSettingStore, database, clock)
    ledger: providers.Provider[MigrationLedger] = providers.Singleton(SqlMigrationLedger, database)
    archive: providers.Provider[LegacyArchive] = providers.Singleton(SqlLegacyArchive, database, cipher, clock)
    archived_files: providers.Provider[LegacyFileSource] = providers.Singleton(
        SqlLegacyArchive, database, cipher, clock
    )
    legacy_files: providers.Provider[LegacyFileSource] = providers.Singleton(
        DirectoryLegacyFileSource, settings.provided.state_dir, settings.provided.config_dir
    )
    backups: providers.Provider[BackupStore] = providers.Singleton(
        SqliteBackupStore,
        database,
        cipher,
        clock,
        directory=settings.provided.backup_dir,
        written_by=providers.Callable(_written_by, master_key),
    )

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
        MigrateGitlabOauth, tokens=oauth_tokens, fresh_tokens=fresh_oauth_tokens.provider
    )
    migrate_sessions: providers.Provider[MigrateSessions] = providers.Singleton(
        MigrateSessions, sessions=sessions, fresh_sessions=fresh_sessions.provider, progress=progress
    )
    migrate_agent_tokens: providers.Provider[MigrateAgentTokens] = providers.Singleton(
        MigrateAgentTokens, secrets=secrets, fresh_secrets=fresh_secrets.provider
    )
    migrate: providers.Provider[Migrate] = providers.Singleton(
        Migrate,
        migrations=providers.List(migrate_gitlab_oauth, migrate_sessions, migrate_agent_tokens),
        move_file=providers.Singleton(
            MoveFile, source=legacy_files, archive=archive, ledger=ledger, cipher=cipher, clock=clock
        ),
        backups=backups,
        lock=lock,
        progress=progress,
    )
    restore_legacy_files: providers.Provider[RestoreLegacyFiles] = providers.Singleton(
        RestoreLegacyFiles, archive=archived_files
    )
    export_legacy_files: providers.Provider[ExportLegacyFiles] = providers.Singleton(
        ExportLegacyFiles,
        stores=providers.Singleton(Stores, sessions=sessions, secrets=secrets, oauth_tokens=oauth_tokens),
    )
    rotate_agent_token: providers.Provider[RotateAgentToken] = providers.Singleton(RotateAgentToken, secrets=secrets)
    prune_sessions: providers.Provider[PruneSessions] = providers.Singleton(
        PruneSessions, sessions=sessions, clock=clock
    )
    create_api_token: providers.Provider[CreateApiToken] = providers.Singleton(
        CreateApiToken, tokens=api_tokens, clock=clock
    )
    authenticate: providers.Provider[Authenticate] = providers.Singleton(Authenticate, tokens=api_tokens, clock=clock)
    survey: providers.Provider[Survey] = providers.Singleton(
        Survey,
        sessions=sessions,
        secrets=secrets,
        oauth_tokens=oauth_tokens,
        archive=archive,
        ledger=ledger,
        backups=backups,
        clock=clock,
    )


def open_container(settings: Settings, progress: Progress | None = None) -> Container:
    """Return a container for `settings`; nothing is opened yet."""
    container = Container(settings=settings)
    if progress is not None:
        container.progress.override(providers.Object(progress))
    return container


def plan_only(container: Container, master: MasterKey | None) -> None:
    """Rewire a container so that nothing can be written.

    With a key the database is opened read-only; without one there is nothing sealed yet, and empty
    stores in memory stand for it.
    """
    if master is not None:
        path = container.settings().sqlite_path
        container.master_key.override(providers.Object(master))
        container.database.override(providers.Singleton(open_read_only, path))
        return
    clock = container.clock()
    container.sessions.override(providers.Object(MemorySessionStore(clock)))
    container.secrets.override(providers.Object(MemorySecretStore(clock)))
    container.oauth_tokens.override(providers.Object(MemoryOAuthTokenStore()))
    container.ledger.override(providers.Object(MemoryMigrationLedger()))
    container.archive.override(providers.Object(MemoryLegacyArchive(clock)))
    container.backups.override(providers.Object(MemoryBackupStore(clock)))
    container.cipher.override(providers.Object(MemoryCipher()))


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

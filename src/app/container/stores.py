"""Where things are kept: a provider a port, the plain one and the one that leaves events."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from dependency_injector import providers

from adapters.crypto import AesGcmCipher
from adapters.filesystem import DirectoryLegacyFileSource, FileAnswerJournal
from adapters.sql import (
    Database,
    SqlApiTokenStore,
    SqlConnectionFaults,
    SqliteBackupStore,
    SqlLegacyArchive,
    SqlMigrationLedger,
    SqlNamedRequests,
    SqlOAuthTokenStore,
    SqlPendingAuthorizations,
    SqlSecretHistory,
    SqlSecretStore,
    SqlSessionStore,
)
from app.container.ground import Ground
from app.usecases.audited_api_tokens import AuditedApiTokenStore
from app.usecases.audited_backups import AuditedBackupStore
from app.usecases.audited_oauth_tokens import AuditedOAuthTokenStore
from app.version import __version__
from domain.ports import (
    AnswerJournal,
    ApiTokenStore,
    BackupStore,
    Cipher,
    Clock,
    ConnectionFaults,
    DataKeyStore,
    LegacyArchive,
    LegacyFileSource,
    MigrationLedger,
    NamedRequests,
    OAuthTokenStore,
    PendingAuthorizations,
    SecretHistory,
    SecretStore,
    SessionStore,
)


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


class Stores(Ground):
    """One that is `unaudited` is for use cases that leave an event of their own (docs/adr/0009-audit.md)."""

    sessions: providers.Provider[SessionStore] = providers.Singleton(SqlSessionStore, Ground.database, Ground.clock)
    unaudited_secrets: providers.Provider[SecretStore] = providers.Singleton(
        SqlSecretStore, Ground.database, Ground.cipher, Ground.clock
    )
    unaudited_secret_history: providers.Provider[SecretHistory] = providers.Singleton(
        SqlSecretHistory, Ground.database, Ground.cipher, Ground.clock
    )
    unaudited_oauth_tokens: providers.Provider[OAuthTokenStore] = providers.Singleton(
        SqlOAuthTokenStore, Ground.database, Ground.cipher, Ground.clock
    )
    oauth_tokens: providers.Provider[OAuthTokenStore] = providers.Singleton(
        AuditedOAuthTokenStore, unaudited_oauth_tokens, Ground.audit
    )
    unaudited_api_tokens: providers.Provider[ApiTokenStore] = providers.Singleton(SqlApiTokenStore, Ground.database)
    api_tokens: providers.Provider[ApiTokenStore] = providers.Singleton(
        AuditedApiTokenStore, unaudited_api_tokens, Ground.audit
    )
    connection_faults: providers.Provider[ConnectionFaults] = providers.Singleton(SqlConnectionFaults, Ground.database)
    pending_authorizations: providers.Provider[PendingAuthorizations] = providers.Singleton(
        SqlPendingAuthorizations, Ground.database, Ground.cipher, Ground.clock
    )
    answer_journal: providers.Provider[AnswerJournal] = providers.Singleton(
        FileAnswerJournal, Ground.settings.provided.state_dir, Ground.cipher
    )
    named_requests: providers.Provider[NamedRequests] = providers.Singleton(
        SqlNamedRequests, Ground.database, Ground.clock
    )
    ledger: providers.Provider[MigrationLedger] = providers.Singleton(SqlMigrationLedger, Ground.database)
    archive: providers.Provider[LegacyArchive] = providers.Singleton(
        SqlLegacyArchive, Ground.database, Ground.cipher, Ground.clock
    )
    archived_files: providers.Provider[LegacyFileSource] = providers.Singleton(
        SqlLegacyArchive, Ground.database, Ground.cipher, Ground.clock
    )
    legacy_files: providers.Provider[LegacyFileSource] = providers.Singleton(
        DirectoryLegacyFileSource, Ground.settings.provided.state_dir, Ground.settings.provided.config_dir
    )
    cipher_of_copy: providers.Provider[Callable[[DataKeyStore], Cipher]] = providers.Singleton(
        partial, AesGcmCipher, Ground.master_key, key_source=Ground.key_source, of="the backup"
    )
    """Opens what lies under the data keys of a copy."""

    unaudited_backups: providers.Provider[BackupStore] = providers.Singleton(
        SqliteBackupStore,
        Ground.database,
        Ground.clock,
        directory=Ground.settings.provided.backup_dir,
        application_version=__version__,
        cipher_of=cipher_of_copy,
    )
    backups: providers.Provider[BackupStore] = providers.Singleton(AuditedBackupStore, unaudited_backups, Ground.audit)
    fresh_sessions: providers.Provider[AbstractContextManager[SessionStore]] = providers.Factory(
        _fresh_sessions, Ground.database, Ground.clock
    )
    fresh_secrets: providers.Provider[AbstractContextManager[SecretStore]] = providers.Factory(
        _fresh_secrets, Ground.database, Ground.cipher, Ground.clock
    )
    fresh_oauth_tokens: providers.Provider[AbstractContextManager[OAuthTokenStore]] = providers.Factory(
        _fresh_oauth_tokens, Ground.database, Ground.cipher, Ground.clock
    )

"""What everything stands on: settings, database, keys, locks, and the log."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dependency_injector import containers, providers

from adapters.crypto import AesGcmCipher, create_data_keys
from adapters.filesystem import FileLock, KeyringEntry, MasterKeySource
from adapters.sql import (
    HEAD,
    PYTHON_DRIVER,
    Database,
    Driver,
    SqlAuditLog,
    SqlDataKeyStore,
    SqliteSchema,
    SqlLastActs,
    SqlLeases,
    SqlSealedRows,
    SqlSettingStore,
    newest_driver,
    open_database,
)
from adapters.system import Silence, SystemClock, SystemdServiceManager, identity, is_gone
from app.settings import Settings
from app.usecases.audited_settings import AuditedSettingStore
from app.usecases.unlock import Unlock
from domain.keys import MasterKey
from domain.ports import (
    AuditLog,
    Cipher,
    Clock,
    DataKeyStore,
    KeySource,
    LastActs,
    Leases,
    Lock,
    Progress,
    Schema,
    SealedRows,
    ServiceManager,
    SettingStore,
)

LOCK_NAME = "strongroom.lock"
ROTATION_LOCK_NAME = "strongroom-rotation.lock"
MOUNTS_LOCK_NAME = "strongroom-mounts.lock"


def _keyring_entry(settings: Settings) -> KeyringEntry | None:
    service, _, username = (settings.master_key_keyring or "").partition("/")
    return KeyringEntry(service, username) if service else None


def sqlite_driver(*, is_guest: bool) -> Driver:
    """Choose the SQLite: as a guest the one that everybody in the process has, else the newest (docs/adr/0016)."""
    return PYTHON_DRIVER if is_guest else newest_driver()


def _identity(settings: Settings) -> str:
    """Say which service this is, among those of one machine: the one that keeps its state there."""
    return str(settings.state_dir.resolve())


class Ground(containers.DeclarativeContainer):
    """What is asked for by name everywhere."""

    settings: providers.Provider[Settings] = providers.Dependency(instance_of=Settings)
    master_key: providers.Provider[MasterKey] = providers.Dependency(instance_of=MasterKey)
    progress: providers.Provider[Progress] = providers.Singleton(Silence)
    clock: providers.Provider[Clock] = providers.Singleton(SystemClock)
    service_identity: providers.Provider[str] = providers.Singleton(_identity, settings)
    service_manager: providers.Provider[ServiceManager] = providers.Singleton(SystemdServiceManager)
    sqlite_driver: providers.Provider[Driver] = providers.Singleton(sqlite_driver, is_guest=settings.provided.is_guest)
    database: providers.Provider[Database] = providers.Singleton(
        open_database, settings.provided.sqlite_path, sqlite_driver
    )
    database_at: providers.Provider[Callable[[Path], Database]] = providers.Singleton(
        partial, open_database, driver=sqlite_driver
    )
    """Opens a database by its path."""

    schema_version: providers.Provider[str] = providers.Object(HEAD)
    schema: providers.Provider[Schema] = providers.Singleton(
        SqliteSchema, settings.provided.sqlite_path, database.provider, sqlite_driver
    )
    lock: providers.Provider[Lock] = providers.Singleton(
        FileLock, providers.Callable(lambda s: s.state_dir / LOCK_NAME, settings)
    )
    rotation_lock: providers.Provider[Lock] = providers.Singleton(
        FileLock, providers.Callable(lambda s: s.state_dir / ROTATION_LOCK_NAME, settings)
    )
    mounts_lock: providers.Provider[Lock] = providers.Singleton(
        FileLock, providers.Callable(lambda s: s.state_dir / MOUNTS_LOCK_NAME, settings), longest_pause_s=0.002
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
    audit: providers.Provider[AuditLog] = providers.Singleton(SqlAuditLog, database, cipher, clock)
    last_acts: providers.Provider[LastActs] = providers.Singleton(SqlLastActs, database)
    unaudited_setting_store: providers.Provider[SettingStore] = providers.Singleton(SqlSettingStore, database, clock)
    setting_store: providers.Provider[SettingStore] = providers.Singleton(
        AuditedSettingStore, unaudited_setting_store, audit
    )
    leases: providers.Provider[Leases] = providers.Singleton(
        SqlLeases, database, clock, owner=providers.Object(identity), is_gone=providers.Object(is_gone)
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

"""A container in which nothing can be written: for a dry run, and for the check-up."""

from dependency_injector import providers

from adapters.memory import (
    MemoryAuditLog,
    MemoryBackupStore,
    MemoryCipher,
    MemoryJobJournal,
    MemoryLastActs,
    MemoryLegacyArchive,
    MemoryMigrationLedger,
    MemoryOAuthTokenStore,
    MemorySecretHistory,
    MemorySecretStore,
    MemorySessionStore,
    MemorySettingStore,
)
from adapters.sql import open_for_a_look
from app.container.checkup import Checkup
from domain.keys import MasterKey


def plan_only(container: Checkup, master: MasterKey | None) -> None:
    """Rewire a container so that nothing can be written.

    With a key the database is opened read-only; without one there is nothing sealed yet, and empty
    stores in memory stand for it.
    """
    if master is not None:
        path = container.settings().sqlite_path
        container.master_key.override(providers.Object(master))
        container.database.override(providers.Singleton(open_for_a_look, path, container.sqlite_driver()))
        return
    clock = container.clock()
    container.sessions.override(providers.Object(MemorySessionStore(clock)))
    secrets = MemorySecretStore(clock)
    container.unaudited_secrets.override(providers.Object(secrets))
    container.unaudited_secret_history.override(providers.Object(MemorySecretHistory(secrets)))
    container.unaudited_oauth_tokens.override(providers.Object(MemoryOAuthTokenStore()))
    container.ledger.override(providers.Object(MemoryMigrationLedger()))
    container.archive.override(providers.Object(MemoryLegacyArchive(clock)))
    container.job_journal.override(providers.Object(MemoryJobJournal()))
    container.unaudited_backups.override(providers.Object(MemoryBackupStore(clock)))
    container.unaudited_setting_store.override(providers.Object(MemorySettingStore()))
    audit = MemoryAuditLog(MemoryCipher(), clock)
    container.audit.override(providers.Object(audit))
    container.last_acts.override(providers.Object(MemoryLastActs(audit)))
    container.cipher.override(providers.Object(MemoryCipher()))

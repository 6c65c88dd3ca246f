"""Backups beyond the making of one, and the jobs that a running service does by itself."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dependency_injector import providers

from adapters.offsite import FsspecOffsiteStore, NowhereOffsiteStore
from adapters.sql import Database, SqliteBackupStore, SqliteCheckpoints, SqliteRestore, SqlJobJournal
from app.container.connections import Connections
from app.container.ground import Ground
from app.container.mounts import Mounts
from app.container.stores import Stores
from app.container.upkeep import Upkeep
from app.settings import Settings
from app.usecases.audited_offsite import AuditedOffsiteStore
from app.usecases.backups.prune import PruneBackups
from app.usecases.backups.push import FetchBackup, PushBackups
from app.usecases.backups.rehearse import RehearseRestore
from app.usecases.backups.restore import RestoreBackup
from app.usecases.jobs.acts import Acts
from app.usecases.jobs.run import RunJob
from app.usecases.jobs.schedule import Schedule
from app.usecases.oauth.ahead import RefreshAhead
from app.version import __version__
from domain.errors import Invalid
from domain.ports import Checkpoints, DatabaseRestore, JobJournal, OffsiteStore, SettingStore


def _offsite(settings: Settings) -> OffsiteStore:
    """Return the place; what is wrong with its settings is said when it is used, for most never use it."""
    if settings.offsite_url is None:
        return NowhereOffsiteStore()
    try:
        options = _options(settings)
    except Invalid as error:
        return NowhereOffsiteStore(error)
    recipients = (settings.offsite_recipients or "").split()
    return FsspecOffsiteStore(settings.offsite_url, options=options, recipients=recipients)


def _options(settings: Settings) -> Mapping[str, Any]:
    try:
        said = json.loads(settings.offsite_options.reveal()) if settings.offsite_options else {}
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Invalid("STRONGROOM_OFFSITE_OPTIONS is not a JSON object", advice="docs/off-site.md shows some")
    return said


def _current(settings: Settings, stored: SettingStore) -> Settings:
    """Return the settings as they are now: a stored one that is changed counts from then on."""
    return settings.with_stored(stored.all())


class Housekeeping(Upkeep):
    """What keeps the state safe while nobody looks."""

    current_settings: providers.Provider[Settings] = providers.Callable(
        _current, Ground.settings, Ground.unaudited_setting_store
    )
    prune_backups: providers.Provider[PruneBackups] = providers.Singleton(
        PruneBackups, backups=Stores.backups, clock=Ground.clock
    )
    restored_from: providers.Provider[Path] = providers.Callable(lambda s: s.backup_dir, Ground.settings)
    """The directory of the backup that is restored."""

    backups_of: providers.Provider[Callable[[Database], SqliteBackupStore]] = providers.Singleton(
        partial,
        SqliteBackupStore,
        clock=Ground.clock,
        directory=Ground.settings.provided.backup_dir,
        application_version=__version__,
        cipher_of=Stores.cipher_of_copy,
    )
    """Stores backups of the database that it is called with."""

    database_restore: providers.Provider[DatabaseRestore] = providers.Singleton(
        SqliteRestore,
        Ground.settings.provided.sqlite_path,
        Ground.clock,
        directory=restored_from,
        staging="restoring",
        driver=Ground.sqlite_driver,
        open_database=Ground.database_at,
        backups_of=backups_of,
        cipher_of=Stores.cipher_of_copy,
    )
    restore_backup: providers.Provider[RestoreBackup] = providers.Singleton(
        RestoreBackup, restore=database_restore, lock=Ground.lock, clock=Ground.clock, progress=Ground.progress
    )
    rehearsal: providers.Provider[DatabaseRestore] = providers.Singleton(
        SqliteRestore,
        Ground.settings.provided.sqlite_path,
        Ground.clock,
        directory=Ground.settings.provided.backup_dir,
        staging="rehearsal",
        driver=Ground.sqlite_driver,
        open_database=Ground.database_at,
        backups_of=backups_of,
        cipher_of=Stores.cipher_of_copy,
    )
    rehearse_restore: providers.Provider[RehearseRestore] = providers.Singleton(
        RehearseRestore, backups=Stores.unaudited_backups, restore=rehearsal
    )
    unaudited_offsite: providers.Provider[OffsiteStore] = providers.Singleton(_offsite, Ground.settings)
    offsite: providers.Provider[OffsiteStore] = providers.Singleton(
        AuditedOffsiteStore, unaudited_offsite, Ground.audit
    )
    push_backups: providers.Provider[PushBackups] = providers.Singleton(
        PushBackups, backups=Stores.backups, offsite=offsite
    )
    fetch_backup: providers.Provider[FetchBackup] = providers.Singleton(
        FetchBackup, backups=Stores.backups, offsite=offsite
    )
    checkpoints: providers.Provider[Checkpoints] = providers.Singleton(SqliteCheckpoints, Ground.database)
    refresh_ahead: providers.Provider[RefreshAhead] = providers.Singleton(
        RefreshAhead,
        tokens=Stores.unaudited_oauth_tokens,
        faults=Stores.connection_faults,
        last_acts=Ground.last_acts,
        refresh=Connections.refresh_connection,
        clock=Ground.clock,
    )
    job_journal: providers.Provider[JobJournal] = providers.Singleton(SqlJobJournal, Ground.database)
    schedule: providers.Provider[Schedule] = providers.Singleton(
        Schedule, settings=current_settings.provider, journal=job_journal, clock=Ground.clock
    )
    run_job: providers.Provider[RunJob] = providers.Singleton(
        RunJob,
        acts=providers.Callable(
            Acts.by_job,
            providers.Singleton(
                Acts,
                settings=current_settings.provider,
                clock=Ground.clock,
                prune_sessions=Upkeep.prune_sessions,
                archive=Stores.archive,
                prune_audit=Upkeep.prune_audit,
                backups=Stores.backups,
                prune_backups=prune_backups,
                rehearse=rehearse_restore,
                push_backups=push_backups,
                checkpoints=checkpoints,
                reconcile=Mounts.reconcile_mounts,
                refresh_ahead=refresh_ahead,
            ),
        ),
        journal=job_journal,
        leases=Ground.leases,
        clock=Ground.clock,
    )

"""The check-up."""

from dependency_injector import providers

from adapters.filesystem import DirectoryPlaces, FileRemnantSearch, SearchedPlaces
from adapters.sql import SqliteCheckup, SqlStoredValues
from app.container.connections import Connections
from app.container.ground import Ground
from app.container.housekeeping import Housekeeping
from app.container.mounts import Mounts
from app.container.stores import Stores
from app.oauth_clients import CLIENT_SECRETS
from app.settings import Settings
from app.usecases.doctor.access import ExamineAccess
from app.usecases.doctor.database import ExamineDatabase
from app.usecases.doctor.jobs import ExamineJobs
from app.usecases.doctor.mend import Mend
from app.usecases.doctor.mounts import ExamineMounts
from app.usecases.doctor.surroundings import ExamineSurroundings
from app.usecases.doctor.upkeep import Archives, ExamineUpkeep
from app.usecases.doctor.values import ExamineValues
from app.usecases.survey import Survey
from domain.instants import HOUR_MS
from domain.keys import MasterKey
from domain.ports import DatabaseCheckup, Places, RemnantSearch, StoredValues
from domain.remnants import StoredValue


def _secrets_elsewhere(settings: Settings, master_key: MasterKey) -> list[StoredValue]:
    """Gather the secrets that the service knows and does not keep in its database."""
    clients = {name: getattr(settings, name) for name in CLIENT_SECRETS}
    return [
        StoredValue("the master key", master_key.material.reveal()),
        *(StoredValue(f"the setting {name}", value.reveal().encode()) for name, value in clients.items() if value),
    ]


class Checkup(Housekeeping):
    """Looks, and changes nothing but what it is told to mend."""

    examine_access: providers.Provider[ExamineAccess] = providers.Singleton(ExamineAccess, unlock=Ground.unlock)
    places: providers.Provider[Places] = providers.Singleton(
        DirectoryPlaces,
        state_dir=Ground.settings.provided.state_dir,
        config_dir=Ground.settings.provided.config_dir,
        key_file=Ground.settings.provided.master_key_file,
        database=Ground.settings.provided.sqlite_path,
        backup_dir=Ground.settings.provided.backup_dir,
    )
    examine_surroundings: providers.Provider[ExamineSurroundings] = providers.Singleton(
        ExamineSurroundings, places=places
    )
    mend: providers.Provider[Mend] = providers.Singleton(Mend, places=places)
    examine_jobs: providers.Provider[ExamineJobs] = providers.Singleton(
        ExamineJobs, schedule=Housekeeping.schedule, clock=Ground.clock
    )
    checkup: providers.Provider[DatabaseCheckup] = providers.Singleton(SqliteCheckup, Ground.database)
    examine_database: providers.Provider[ExamineDatabase] = providers.Singleton(
        ExamineDatabase,
        checkup=checkup,
        data_keys=Ground.data_keys,
        clock=Ground.clock,
        seals_per_key=Ground.cipher.provided.seals_per_key,
    )
    examine_upkeep: providers.Provider[ExamineUpkeep] = providers.Singleton(
        ExamineUpkeep,
        archives=providers.Singleton(
            Archives, legacy_files=Stores.legacy_files, ledger=Stores.ledger, backups=Stores.unaudited_backups
        ),
        secrets=Stores.unaudited_secrets,
        oauth_tokens=Stores.unaudited_oauth_tokens,
        look=Connections.look_at_connection,
        audit=Ground.audit,
        clock=Ground.clock,
        backup_every_ms=providers.Callable(lambda s: s.backup_interval_hours * HOUR_MS, Ground.settings),
    )
    survey: providers.Provider[Survey] = providers.Singleton(
        Survey,
        sessions=Stores.sessions,
        secrets=Stores.unaudited_secrets,
        oauth_tokens=Stores.unaudited_oauth_tokens,
        look=Connections.look_at_connection,
        archive=Stores.archive,
        ledger=Stores.ledger,
        backups=Stores.unaudited_backups,
        schedule=Housekeeping.schedule,
        look_at_mounts=Mounts.look_at_mounts,
        clock=Ground.clock,
    )
    examine_mounts: providers.Provider[ExamineMounts] = providers.Singleton(ExamineMounts, look=Mounts.look_at_mounts)
    stored_values: providers.Provider[StoredValues] = providers.Singleton(
        SqlStoredValues, Ground.database, Ground.cipher
    )
    remnant_search: providers.Provider[RemnantSearch] = providers.Singleton(
        FileRemnantSearch,
        providers.Callable(
            SearchedPlaces,
            database=Ground.settings.provided.sqlite_path,
            state_dir=Ground.settings.provided.state_dir,
            config_dir=Ground.settings.provided.config_dir,
            backup_dir=Ground.settings.provided.backup_dir,
            key_file=Ground.settings.provided.master_key_file,
            runtime_dir=Ground.settings.provided.runtime_dir,
        ),
    )
    examine_values: providers.Provider[ExamineValues] = providers.Singleton(
        ExamineValues,
        sealed_rows=Ground.sealed_rows,
        stored_values=stored_values,
        elsewhere=providers.Callable(_secrets_elsewhere, Ground.settings, Ground.master_key).provider,
        search=remnant_search,
        progress=Ground.progress,
    )

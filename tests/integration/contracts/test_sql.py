"""The contract suites on the database, SQLite."""

from functools import partial
from itertools import count

import pytest

from adapters.memory import ManualClock
from adapters.sql import (
    SqlApiTokenStore,
    SqlConnectionFaults,
    SqlDataKeyStore,
    SqliteCheckup,
    SqlJobJournal,
    SqlLastActs,
    SqlLeases,
    SqlLegacyArchive,
    SqlMigrationLedger,
    SqlNamedRequests,
    SqlPendingAuthorizations,
    SqlSettingStore,
    SqlStoredValues,
)
from adapters.system import identity, is_gone
from tests.contracts.api_token_store import ApiTokenStoreContract
from tests.contracts.audit_log import AuditLogAcrossProcesses, AuditLogContract
from tests.contracts.cipher import CipherContract
from tests.contracts.connection_faults import ConnectionFaultsContract
from tests.contracts.data_key_store import DataKeyStoreContract
from tests.contracts.database_checkup import DatabaseCheckupContract
from tests.contracts.job_journal import JobJournalContract
from tests.contracts.last_acts import LastActsContract
from tests.contracts.leases import LeasesAcrossProcesses, LeasesContract
from tests.contracts.legacy_archive import LegacyArchiveContract
from tests.contracts.migration_ledger import MigrationLedgerContract
from tests.contracts.named_requests import NamedRequestsAcrossProcesses, NamedRequestsContract
from tests.contracts.oauth_token_store import (
    NotesBesideTokensContract,
    OAuthTokenStoreAcrossProcesses,
    OAuthTokenStoreContract,
)
from tests.contracts.pending_authorizations import PendingAuthorizationsAcrossProcesses, PendingAuthorizationsContract
from tests.contracts.sealing_keys import SealingKeysContract
from tests.contracts.secret_history import SecretHistoryContract
from tests.contracts.secret_store import AnySecretStoreContract
from tests.contracts.secret_versions import SecretStoreAcrossProcesses
from tests.contracts.session_listing import SessionListingContract
from tests.contracts.session_store import SessionStoreAcrossProcesses
from tests.contracts.setting_store import SettingStoreContract
from tests.contracts.stored_values import StoredValuesContract
from tests.support.backed_up import sql
from tests.support.checked import Checked
from tests.support.connections import sql_leases, sql_pending
from tests.support.recipes import (
    a_cipher,
    a_database,
    an_audit_log,
    sql_audit_log,
    sql_named_requests,
    sql_oauth_tokens,
    sql_secret_history,
    sql_secrets,
    sql_sessions,
)
from tests.support.sealed import Sealed


@pytest.fixture
def database(tmp_path):
    with a_database(tmp_path / "agents.db") as database:
        yield database


def opener(recipe, tmp_path):
    """A function that opens a store in a new database each time it is called."""
    numbers = count()
    return lambda clock: recipe(tmp_path / f"{next(numbers)}.db", clock)


class TestSqlSessionStore(SessionListingContract, SessionStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, tmp_path):
        return opener(sql_sessions, tmp_path)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_sessions, tmp_path / "agents.db")


class TestSqlSecretStore(AnySecretStoreContract, SecretStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, tmp_path):
        return opener(sql_secrets, tmp_path)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_secrets, tmp_path / "agents.db")


class TestSqlSecretHistory(SecretHistoryContract):
    @pytest.fixture
    def open_pair(self, tmp_path):
        return opener(sql_secret_history, tmp_path)


class TestSqlOAuthTokenStore(OAuthTokenStoreContract, NotesBesideTokensContract, OAuthTokenStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, tmp_path):
        return opener(sql_oauth_tokens, tmp_path)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_oauth_tokens, tmp_path / "agents.db")


class TestSqlLeases(LeasesContract, LeasesAcrossProcesses):
    @pytest.fixture
    def leases(self, database, clock):
        return SqlLeases(database, clock, identity, is_gone)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_leases, tmp_path / "agents.db")


class TestSqlConnectionFaults(ConnectionFaultsContract):
    @pytest.fixture
    def faults(self, database):
        return SqlConnectionFaults(database)


class TestSqlJobJournal(JobJournalContract):
    @pytest.fixture
    def journal(self, database):
        return SqlJobJournal(database)

    def test_what_a_newer_version_wrote_is_passed_over(self, journal, database):
        sql(database.path, "INSERT INTO job (name, failures) VALUES ('of tomorrow', 0)")

        assert journal.all() == {}


class TestSqlNamedRequests(NamedRequestsContract, NamedRequestsAcrossProcesses):
    @pytest.fixture
    def open_requests(self, database):
        return partial(SqlNamedRequests, database)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_named_requests, tmp_path / "agents.db")


class TestSqlPendingAuthorizations(PendingAuthorizationsContract, PendingAuthorizationsAcrossProcesses):
    @pytest.fixture
    def store(self, database, clock):
        return SqlPendingAuthorizations(database, a_cipher(database), clock)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_pending, tmp_path / "agents.db")


class TestSqlLegacyArchive(LegacyArchiveContract):
    @pytest.fixture
    def archive(self, database, clock):
        return SqlLegacyArchive(database, a_cipher(database), clock)


class TestAesGcmCipher(CipherContract):
    @pytest.fixture
    def cipher(self, database):
        return a_cipher(database)


class TestSqlMigrationLedger(MigrationLedgerContract):
    @pytest.fixture
    def ledger(self, database):
        return SqlMigrationLedger(database)


class TestSqlApiTokenStore(ApiTokenStoreContract):
    @pytest.fixture
    def store(self, database):
        return SqlApiTokenStore(database)


class TestSqlDataKeyStore(DataKeyStoreContract, SealingKeysContract):
    @pytest.fixture
    def store(self, database):
        return SqlDataKeyStore(database)

    @pytest.fixture
    def seal_under(self, database):
        def seal(key_id):
            sql(database.path, "INSERT INTO secret VALUES ('of', 'name', 2, 1, 1, NULL, NULL)")
            sql(database.path, "INSERT INTO secret_version VALUES ('of', 1, ?, x'00', 1, NULL)", key_id)
            return lambda: sql(database.path, "UPDATE secret_version SET key_id = NULL, sealed = NULL")

        return seal


class TestSqlSettingStore(SettingStoreContract):
    @pytest.fixture
    def store(self, database):
        return SqlSettingStore(database, ManualClock())


class TestSqlAuditLog(AuditLogContract, AuditLogAcrossProcesses):
    @pytest.fixture
    def log(self, database, clock):
        return an_audit_log(database, clock)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_audit_log, tmp_path / "agents.db")


class TestSqlLastActs(LastActsContract):
    @pytest.fixture
    def log(self, database, clock):
        return an_audit_log(database, clock)

    @pytest.fixture
    def last_acts(self, database, log):
        return SqlLastActs(database)


class TestSqlStoredValues(StoredValuesContract):
    @pytest.fixture
    def stores(self, database):
        return Sealed(database)

    @pytest.fixture
    def values(self, stores):
        return SqlStoredValues(stores.database, stores.cipher)


class TestSqliteCheckup(DatabaseCheckupContract):
    @pytest.fixture
    def bare(self, database):
        return SqliteCheckup(database)

    @pytest.fixture
    def stores(self, database):
        return Checked(database)

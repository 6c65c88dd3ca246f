"""The contract suites on the memory adapters."""

from contextlib import nullcontext

import pytest

from adapters.memory import (
    MemoryAnswerJournal,
    MemoryApiTokenStore,
    MemoryAuditLog,
    MemoryCipher,
    MemoryConnectionFaults,
    MemoryDataKeyStore,
    MemoryJobJournal,
    MemoryLastActs,
    MemoryLeases,
    MemoryLegacyArchive,
    MemoryLegacyFileSource,
    MemoryMigrationLedger,
    MemoryNamedRequests,
    MemoryOAuthTokenStore,
    MemoryPendingAuthorizations,
    MemoryRemnantSearch,
    MemorySecretHistory,
    MemorySecretStore,
    MemorySessionStore,
    MemorySettingStore,
    MemoryStoredValues,
)
from tests.contracts.answer_journal import AnswerJournalContract
from tests.contracts.api_token_store import ApiTokenStoreContract
from tests.contracts.audit_log import AuditLogContract
from tests.contracts.cipher import CipherContract
from tests.contracts.connection_faults import ConnectionFaultsContract
from tests.contracts.data_key_store import DataKeyStoreContract
from tests.contracts.database_checkup import DatabaseCheckupContract
from tests.contracts.job_journal import JobJournalContract
from tests.contracts.last_acts import LastActsContract
from tests.contracts.leases import LeasesContract
from tests.contracts.legacy_archive import LegacyArchiveContract
from tests.contracts.legacy_file_source import LegacyFileSourceContract
from tests.contracts.migration_ledger import MigrationLedgerContract
from tests.contracts.named_requests import NamedRequestsContract
from tests.contracts.oauth_token_store import NotesBesideTokensContract, OAuthTokenStoreContract
from tests.contracts.pending_authorizations import PendingAuthorizationsContract
from tests.contracts.remnant_search import RemnantSearchContract
from tests.contracts.sealing_keys import SealingKeysContract
from tests.contracts.secret_history import SecretHistoryContract
from tests.contracts.secret_store import AnySecretStoreContract
from tests.contracts.session_listing import SessionListingContract
from tests.contracts.setting_store import SettingStoreContract
from tests.contracts.stored_values import StoredValuesContract
from tests.support.in_memory import InMemory


class TestMemorySessionStore(SessionListingContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MemorySessionStore(clock))


class TestMemorySecretStore(AnySecretStoreContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MemorySecretStore(clock))


class TestMemorySecretHistory(SecretHistoryContract):
    @pytest.fixture
    def open_pair(self):
        def pair(clock):
            store = MemorySecretStore(clock)
            return nullcontext((store, MemorySecretHistory(store)))

        return pair


class TestMemoryOAuthTokenStore(OAuthTokenStoreContract, NotesBesideTokensContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MemoryOAuthTokenStore(clock))


class TestMemoryLeases(LeasesContract):
    @pytest.fixture
    def leases(self, clock):
        return MemoryLeases(clock)


class TestMemoryConnectionFaults(ConnectionFaultsContract):
    @pytest.fixture
    def faults(self):
        return MemoryConnectionFaults()


class TestMemoryNamedRequests(NamedRequestsContract):
    @pytest.fixture
    def open_requests(self):
        return MemoryNamedRequests


class TestMemoryPendingAuthorizations(PendingAuthorizationsContract):
    @pytest.fixture
    def store(self, clock):
        return MemoryPendingAuthorizations(clock)


class TestMemoryAnswerJournal(AnswerJournalContract):
    @pytest.fixture
    def journal(self):
        return MemoryAnswerJournal()


class TestMemoryLegacyFileSource(LegacyFileSourceContract):
    @pytest.fixture
    def source(self):
        return MemoryLegacyFileSource()

    @pytest.fixture
    def disk(self, source):
        return source


class TestMemoryLegacyArchive(LegacyArchiveContract):
    @pytest.fixture
    def archive(self, clock):
        return MemoryLegacyArchive(clock)


class TestMemoryCipher(CipherContract):
    @pytest.fixture
    def cipher(self):
        return MemoryCipher()


class TestMemoryMigrationLedger(MigrationLedgerContract):
    @pytest.fixture
    def ledger(self):
        return MemoryMigrationLedger()


class TestMemoryApiTokenStore(ApiTokenStoreContract):
    @pytest.fixture
    def store(self):
        return MemoryApiTokenStore()


class TestMemoryDataKeyStore(DataKeyStoreContract, SealingKeysContract):
    @pytest.fixture
    def named(self):
        return {}

    @pytest.fixture
    def store(self, named):
        return MemoryDataKeyStore(lambda: named)

    @pytest.fixture
    def seal_under(self, named):
        def seal(key_id):
            named[key_id] = 1
            return named.clear

        return seal


class TestMemorySettingStore(SettingStoreContract):
    @pytest.fixture
    def store(self):
        return MemorySettingStore()


class TestMemoryAuditLog(AuditLogContract):
    @pytest.fixture
    def log(self, clock):
        return MemoryAuditLog(MemoryCipher(), clock)


class TestMemoryLastActs(LastActsContract):
    @pytest.fixture
    def log(self, clock):
        return MemoryAuditLog(MemoryCipher(), clock)

    @pytest.fixture
    def last_acts(self, log):
        return MemoryLastActs(log)


class TestMemoryStoredValues(StoredValuesContract):
    @pytest.fixture
    def stores(self):
        return InMemory()

    @pytest.fixture
    def values(self, stores):
        return MemoryStoredValues(stores.secrets, stores.tokens, stores.archive)


class TestMemoryDatabaseCheckup(DatabaseCheckupContract):
    @pytest.fixture
    def bare(self):
        return InMemory(bare=True).checkup

    @pytest.fixture
    def stores(self):
        return InMemory()


class TestMemoryRemnantSearch(RemnantSearchContract):
    @pytest.fixture
    def search(self):
        return MemoryRemnantSearch()

    @pytest.fixture
    def put(self, search):
        def put(content):
            name = f"file {len(search.files)}"
            search.files[name] = content
            return name

        return put


class TestMemoryJobJournal(JobJournalContract):
    @pytest.fixture
    def journal(self):
        return MemoryJobJournal()

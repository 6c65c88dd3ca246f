"""The contract suites on the database, SQLite."""

from functools import partial
from itertools import count

import pytest

from adapters.memory import ManualClock
from adapters.sql import (
    SqlApiTokenStore,
    SqlDataKeyStore,
    SqlLegacyArchive,
    SqlMigrationLedger,
    SqlSettingStore,
)
from tests.contracts.api_token_store import ApiTokenStoreContract
from tests.contracts.cipher import CipherContract
from tests.contracts.data_key_store import DataKeyStoreContract
from tests.contracts.legacy_archive import LegacyArchiveContract
from tests.contracts.migration_ledger import MigrationLedgerContract
from tests.contracts.oauth_token_store import OAuthTokenStoreAcrossProcesses, OAuthTokenStoreContract
from tests.contracts.secret_store import AnySecretStoreContract
from tests.contracts.secret_versions import SecretStoreAcrossProcesses
from tests.contracts.session_listing import SessionListingContract
from tests.contracts.session_store import SessionStoreAcrossProcesses
from tests.contracts.setting_store import SettingStoreContract
from tests.support.recipes import a_cipher, a_database, sql_oauth_tokens, sql_secrets, sql_sessions


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


class TestSqlOAuthTokenStore(OAuthTokenStoreContract, OAuthTokenStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, tmp_path):
        return opener(sql_oauth_tokens, tmp_path)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(sql_oauth_tokens, tmp_path / "agents.db")


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


class TestSqlDataKeyStore(DataKeyStoreContract):
    @pytest.fixture
    def store(self, database):
        return SqlDataKeyStore(database)


class TestSqlSettingStore(SettingStoreContract):
    @pytest.fixture
    def store(self, database):
        return SqlSettingStore(database, ManualClock())

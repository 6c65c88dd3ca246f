"""The contract suites on the memory adapters."""

from contextlib import nullcontext

import pytest

from adapters.memory import (
    MemoryApiTokenStore,
    MemoryCipher,
    MemoryDataKeyStore,
    MemoryLegacyArchive,
    MemoryLegacyFileSource,
    MemoryMigrationLedger,
    MemoryOAuthTokenStore,
    MemorySecretStore,
    MemorySessionStore,
    MemorySettingStore,
)
from tests.contracts.api_token_store import ApiTokenStoreContract
from tests.contracts.cipher import CipherContract
from tests.contracts.data_key_store import DataKeyStoreContract
from tests.contracts.legacy_archive import LegacyArchiveContract
from tests.contracts.legacy_file_source import LegacyFileSourceContract
from tests.contracts.migration_ledger import MigrationLedgerContract
from tests.contracts.oauth_token_store import OAuthTokenStoreContract
from tests.contracts.secret_store import AnySecretStoreContract
from tests.contracts.session_listing import SessionListingContract
from tests.contracts.setting_store import SettingStoreContract


class TestMemorySessionStore(SessionListingContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MemorySessionStore(clock))


class TestMemorySecretStore(AnySecretStoreContract):
    @pytest.fixture
    def open_store(self):
        return lambda clock: nullcontext(MemorySecretStore(clock))


class TestMemoryOAuthTokenStore(OAuthTokenStoreContract):
    @pytest.fixture
    def open_store(self):
        return lambda _clock: nullcontext(MemoryOAuthTokenStore())


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


class TestMemoryDataKeyStore(DataKeyStoreContract):
    @pytest.fixture
    def store(self):
        return MemoryDataKeyStore()


class TestMemorySettingStore(SettingStoreContract):
    @pytest.fixture
    def store(self):
        return MemorySettingStore()

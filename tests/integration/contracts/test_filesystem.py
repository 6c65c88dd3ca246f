"""The contract suites on the stores that are plain files."""

from functools import partial
from itertools import count

import pytest

from adapters.filesystem import DirectoryLegacyFileSource, FileAnswerJournal, FileRemnantSearch, SearchedPlaces
from adapters.memory import MemoryCipher
from tests.contracts.answer_journal import AnswerJournalContract
from tests.contracts.legacy_file_source import LegacyFileSourceContract
from tests.contracts.oauth_token_store import OAuthTokenStoreAcrossProcesses, OAuthTokenStoreContract
from tests.contracts.remnant_search import RemnantSearchContract
from tests.contracts.secret_store import SecretStoreContract
from tests.contracts.secret_versions import SecretStoreAcrossProcesses
from tests.contracts.session_listing import SessionListingContract
from tests.contracts.session_store import SessionStoreAcrossProcesses
from tests.support.disk import Disk
from tests.support.recipes import file_oauth_tokens, file_secrets, file_sessions


def opener(recipe, tmp_path):
    """A function that opens a store in a new directory each time it is called."""
    numbers = count()
    return lambda clock: recipe(tmp_path / str(next(numbers)), clock)


class TestFileSessionStore(SessionListingContract, SessionStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, tmp_path):
        return opener(file_sessions, tmp_path)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(file_sessions, tmp_path)


class TestFileSecretStore(SecretStoreContract, SecretStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, tmp_path):
        return opener(file_secrets, tmp_path)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(file_secrets, tmp_path)


class TestFileOAuthTokenStore(OAuthTokenStoreContract, OAuthTokenStoreAcrossProcesses):
    @pytest.fixture
    def open_store(self, tmp_path):
        return opener(file_oauth_tokens, tmp_path)

    @pytest.fixture
    def recipe(self, tmp_path):
        return partial(file_oauth_tokens, tmp_path)


class TestFileAnswerJournal(AnswerJournalContract):
    @pytest.fixture
    def journal(self, tmp_path):
        return FileAnswerJournal(tmp_path / "state", MemoryCipher())


class TestDirectoryLegacyFileSource(LegacyFileSourceContract):
    @pytest.fixture
    def disk(self, tmp_path):
        return Disk(tmp_path)

    @pytest.fixture
    def source(self, disk):
        return DirectoryLegacyFileSource(disk.state, disk.config)


class TestFileRemnantSearch(RemnantSearchContract):
    @pytest.fixture
    def search(self, tmp_path):
        nowhere = tmp_path / "nowhere"
        places = SearchedPlaces(
            database=nowhere / "agents.db", state_dir=tmp_path, config_dir=nowhere, backup_dir=nowhere
        )
        search = FileRemnantSearch(places)
        yield search
        search.close()

    @pytest.fixture
    def put(self, tmp_path):
        numbers = count()

        def put(content):
            place = tmp_path / f"service.log.{next(numbers)}"
            place.write_bytes(content)
            return str(place)

        return put

"""What is kept in plain files: the old version's stores, its files as a migration finds them, the key, the lock."""

from adapters.filesystem.answer_journal import FileAnswerJournal as FileAnswerJournal
from adapters.filesystem.atomic import create_durably as create_durably
from adapters.filesystem.atomic import fsync_directory as fsync_directory
from adapters.filesystem.atomic import make_private_directory as make_private_directory
from adapters.filesystem.atomic import write_durably as write_durably
from adapters.filesystem.haystacks import SearchedPlaces as SearchedPlaces
from adapters.filesystem.key_source import MasterKeySource as MasterKeySource
from adapters.filesystem.keyring_entry import KeyringEntry as KeyringEntry
from adapters.filesystem.legacy_file_source import DirectoryLegacyFileSource as DirectoryLegacyFileSource
from adapters.filesystem.lock import FileLock as FileLock
from adapters.filesystem.mount_register import FileMountRegister as FileMountRegister
from adapters.filesystem.oauth_token_store import FileOAuthTokenStore as FileOAuthTokenStore
from adapters.filesystem.places import DirectoryPlaces as DirectoryPlaces
from adapters.filesystem.remnant_search import FileRemnantSearch as FileRemnantSearch
from adapters.filesystem.secret_store import FileSecretStore as FileSecretStore
from adapters.filesystem.session_store import FileSessionStore as FileSessionStore
from adapters.filesystem.token_mount import DirectoryTokenMount as DirectoryTokenMount

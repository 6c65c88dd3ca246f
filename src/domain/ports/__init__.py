"""What we need of the world: one file a port. The docstrings are the contract that every adapter keeps."""

from domain.ports.api_token_store import ApiTokenStore as ApiTokenStore
from domain.ports.backup_store import BackupStore as BackupStore
from domain.ports.cipher import Cipher as Cipher
from domain.ports.cipher import SealContext as SealContext
from domain.ports.cipher import Sealed as Sealed
from domain.ports.clock import Clock as Clock
from domain.ports.data_key_store import DataKeyStore as DataKeyStore
from domain.ports.key_source import KeySource as KeySource
from domain.ports.legacy_archive import LegacyArchive as LegacyArchive
from domain.ports.legacy_file_sink import LegacyFileSink as LegacyFileSink
from domain.ports.legacy_file_source import LegacyFileSource as LegacyFileSource
from domain.ports.lock import Lock as Lock
from domain.ports.migration_ledger import MigrationLedger as MigrationLedger
from domain.ports.oauth_token_store import OAuthTokenStore as OAuthTokenStore
from domain.ports.progress import Progress as Progress
from domain.ports.schema import Schema as Schema
from domain.ports.schema import SchemaFacts as SchemaFacts
from domain.ports.secret_store import SecretStore as SecretStore
from domain.ports.session_store import SessionStore as SessionStore
from domain.ports.setting_store import SettingStore as SettingStore

"""Every port in plain memory: what tests swap in, and the model that the other adapters are compared with."""

from adapters.memory.api_token_store import MemoryApiTokenStore as MemoryApiTokenStore
from adapters.memory.audit_log import MemoryAuditLog as MemoryAuditLog
from adapters.memory.backup_store import MemoryBackupStore as MemoryBackupStore
from adapters.memory.cipher import MemoryCipher as MemoryCipher
from adapters.memory.clock import ManualClock as ManualClock
from adapters.memory.data_key_store import MemoryDataKeyStore as MemoryDataKeyStore
from adapters.memory.database_checkup import MemoryDatabaseCheckup as MemoryDatabaseCheckup
from adapters.memory.database_checkup import Stamped as Stamped
from adapters.memory.key_source import MemoryKeySource as MemoryKeySource
from adapters.memory.last_acts import MemoryLastActs as MemoryLastActs
from adapters.memory.legacy_archive import MemoryLegacyArchive as MemoryLegacyArchive
from adapters.memory.legacy_file_sink import MemoryLegacyFileSink as MemoryLegacyFileSink
from adapters.memory.legacy_file_source import FileStat as FileStat
from adapters.memory.legacy_file_source import MemoryLegacyFileSource as MemoryLegacyFileSource
from adapters.memory.lock import MemoryLock as MemoryLock
from adapters.memory.migration_ledger import MemoryMigrationLedger as MemoryMigrationLedger
from adapters.memory.oauth_token_store import MemoryOAuthTokenStore as MemoryOAuthTokenStore
from adapters.memory.progress import MemoryProgress as MemoryProgress
from adapters.memory.remnant_search import MemoryRemnantSearch as MemoryRemnantSearch
from adapters.memory.schema import MemorySchema as MemorySchema
from adapters.memory.sealed_rows import MemorySealedRows as MemorySealedRows
from adapters.memory.secret_history import MemorySecretHistory as MemorySecretHistory
from adapters.memory.secret_store import MemorySecretStore as MemorySecretStore
from adapters.memory.session_store import MemorySessionStore as MemorySessionStore
from adapters.memory.setting_store import MemorySettingStore as MemorySettingStore
from adapters.memory.stored_values import MemoryStoredValues as MemoryStoredValues

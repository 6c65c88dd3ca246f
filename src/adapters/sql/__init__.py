"""The ports in a SQL database, through SQLAlchemy: SQLite by default."""

from adapters.sql.api_token_store import SqlApiTokenStore as SqlApiTokenStore
from adapters.sql.audit_log import SqlAuditLog as SqlAuditLog
from adapters.sql.backup_store import SqliteBackupStore as SqliteBackupStore
from adapters.sql.backup_store import count_rows as count_rows
from adapters.sql.checkup import SqliteCheckup as SqliteCheckup
from adapters.sql.connection_faults import SqlConnectionFaults as SqlConnectionFaults
from adapters.sql.data_key_store import SqlDataKeyStore as SqlDataKeyStore
from adapters.sql.database import Database as Database
from adapters.sql.last_acts import SqlLastActs as SqlLastActs
from adapters.sql.leases import SqlLeases as SqlLeases
from adapters.sql.legacy_archive import SqlLegacyArchive as SqlLegacyArchive
from adapters.sql.looking import open_for_a_look as open_for_a_look
from adapters.sql.migration_ledger import SqlMigrationLedger as SqlMigrationLedger
from adapters.sql.named_requests import SqlNamedRequests as SqlNamedRequests
from adapters.sql.oauth_token_store import SqlOAuthTokenStore as SqlOAuthTokenStore
from adapters.sql.opening import open_database as open_database
from adapters.sql.pending_authorizations import SqlPendingAuthorizations as SqlPendingAuthorizations
from adapters.sql.schema import HEAD as HEAD
from adapters.sql.schema import upgrade as upgrade
from adapters.sql.schema_gate import SqliteSchema as SqliteSchema
from adapters.sql.sealed_rows import SqlSealedRows as SqlSealedRows
from adapters.sql.secret_history import SqlSecretHistory as SqlSecretHistory
from adapters.sql.secret_store import SqlSecretStore as SqlSecretStore
from adapters.sql.session_store import SqlSessionStore as SqlSessionStore
from adapters.sql.setting_store import SqlSettingStore as SqlSettingStore
from adapters.sql.stored_values import SqlStoredValues as SqlStoredValues

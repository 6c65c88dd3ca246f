"""The tables, as SQLAlchemy sees them: all of them are known as soon as this is imported."""

from adapters.sql.tables.callers import api_token as api_token
from adapters.sql.tables.callers import named_request as named_request
from adapters.sql.tables.connections import lease as lease
from adapters.sql.tables.connections import oauth_authorization as oauth_authorization
from adapters.sql.tables.connections import oauth_connection_fault as oauth_connection_fault
from adapters.sql.tables.connections import operator_oauth_tokens as operator_oauth_tokens
from adapters.sql.tables.legacy import legacy_archive as legacy_archive
from adapters.sql.tables.legacy import legacy_archive_chunk as legacy_archive_chunk
from adapters.sql.tables.legacy import migration_ledger as migration_ledger
from adapters.sql.tables.legacy import migration_outcome as migration_outcome
from adapters.sql.tables.upkeep import audit_checkpoint as audit_checkpoint
from adapters.sql.tables.upkeep import audit_event as audit_event
from adapters.sql.tables.upkeep import job as job
from adapters.sql.tables.upkeep import setting as setting
from adapters.sql.tables.values import claude_sdk_sessions as claude_sdk_sessions
from adapters.sql.tables.values import data_key as data_key
from adapters.sql.tables.values import secret as secret
from adapters.sql.tables.values import secret_version as secret_version

"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _sessions()
    _keys_and_secrets()
    _oauth_tokens()
    _migrations()
    _archive()
    _api_tokens_and_settings()
    _audit()


def _sessions() -> None:
    op.create_table(
        "claude_sdk_sessions",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("last_used_at", WHOLE, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_claude_sdk_sessions"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_claude_sdk_sessions_last_used_at", "claude_sdk_sessions", ["last_used_at"])


def _keys_and_secrets() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("canary", sa.LargeBinary, nullable=False),
        sa.Column("master_fingerprint", TEXT, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("uses", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "secret",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("deleted_at", WHOLE),
        sa.Column("expires_at", WHOLE),
        sa.PrimaryKeyConstraint("id", name="pk_secret"),
        sa.UniqueConstraint("name", name="uq_secret_name"),
        sqlite_strict=True,
    )
    op.create_table(
        "secret_version",
        sa.Column("secret_id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("key_id", TEXT),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("destroyed_at", WHOLE),
        sa.PrimaryKeyConstraint("secret_id", "version", name="pk_secret_version"),
        sa.ForeignKeyConstraint(["secret_id"], ["secret.id"], name="fk_secret_version_secret_id"),
        sa.ForeignKeyConstraint(["key_id"], ["data_key.id"], name="fk_secret_version_key_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_secret_version_key_id", "secret_version", ["key_id"])


def _oauth_tokens() -> None:
    op.create_table(
        "operator_oauth_tokens",
        sa.Column("forge_type", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("key_id", TEXT),
        sa.Column("sealed_access_token", sa.LargeBinary),
        sa.Column("sealed_refresh_token", sa.LargeBinary),
        sa.Column("token_type", TEXT),
        sa.Column("scopes", TEXT),
        sa.Column("expires_at", WHOLE),
        sa.Column("base_url", TEXT),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("forge_type", name="pk_operator_oauth_tokens"),
        sa.UniqueConstraint("id", name="uq_operator_oauth_tokens_id"),
        sa.ForeignKeyConstraint(["key_id"], ["data_key.id"], name="fk_operator_oauth_tokens_key_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_operator_oauth_tokens_key_id", "operator_oauth_tokens", ["key_id"])


def _migrations() -> None:
    op.create_table(
        "migration_ledger",
        sa.Column("migration_id", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("records", WHOLE, nullable=False),
        sa.Column("imported_at", WHOLE, nullable=False),
        sa.Column("removed_at", WHOLE),
        sa.PrimaryKeyConstraint("migration_id", "digest", name="pk_migration_ledger"),
        sqlite_strict=True,
    )
    op.create_table(
        "migration_outcome",
        sa.Column("migration_id", TEXT, nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("records", WHOLE, nullable=False),
        sa.Column("skipped", WHOLE, nullable=False),
        sa.Column("reason", TEXT),
        sa.PrimaryKeyConstraint("migration_id", "file", name="pk_migration_outcome"),
        sqlite_strict=True,
    )


def _archive() -> None:
    op.create_table(
        "legacy_archive",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("root", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("bytes", WHOLE, nullable=False),
        sa.Column("mode", WHOLE, nullable=False),
        sa.Column("mtime_ns", WHOLE, nullable=False),
        sa.Column("archived_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_archive"),
        sa.UniqueConstraint("root", "path", "digest", name="uq_legacy_archive_root_path_digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "legacy_archive_chunk",
        sa.Column("archive_id", TEXT, nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("archive_id", "sequence", name="pk_legacy_archive_chunk"),
        sa.ForeignKeyConstraint(["archive_id"], ["legacy_archive.id"], name="fk_legacy_archive_chunk_archive_id"),
        sa.ForeignKeyConstraint(["key_id"], ["data_key.id"], name="fk_legacy_archive_chunk_key_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_legacy_archive_chunk_key_id", "legacy_archive_chunk", ["key_id"])


def _api_tokens_and_settings() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("grants", TEXT, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE),
        sa.Column("last_used_at", WHOLE),
        sa.Column("revoked_at", WHOLE),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("digest", name="uq_api_token_digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "setting",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
        sqlite_strict=True,
    )


def _audit() -> None:
    op.create_table(
        "audit_event",
        sa.Column("sequence", WHOLE, nullable=False, autoincrement=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("detail", TEXT),
        sa.Column("chain", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_event"),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_event_subject_action", "audit_event", ["subject", "action"])
    op.create_table(
        "audit_checkpoint",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("chain", TEXT, nullable=False),
        sa.Column("mac", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_checkpoint"),
        sqlite_strict=True,
    )

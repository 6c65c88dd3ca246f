"""The tables, as SQLAlchemy sees them."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, UniqueConstraint

from adapters.sql.columns import TEXT, WHOLE, Binding, metadata, sealed

# Without rowid a session is found in one tree instead of two (https://sqlite.org/withoutrowid.html).
claude_sdk_sessions = Table(
    "claude_sdk_sessions",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("session_id", TEXT, nullable=False),
    Column("last_used_at", WHOLE, nullable=False),
    Column("created_at", WHOLE, nullable=False),
    Index(None, "last_used_at"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

data_key = Table(
    "data_key",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("purpose", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("canary", LargeBinary, nullable=False),
    Column("master_fingerprint", TEXT, nullable=False),
    Column("created_at", WHOLE, nullable=False),
    Column("uses", WHOLE, nullable=False),
    sqlite_strict=True,
)

# A deleted secret stays, with its versions: it can be brought back, and version numbers never start again.
secret = Table(
    "secret",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("version", WHOLE, nullable=False),
    Column("created_at", WHOLE, nullable=False),
    Column("updated_at", WHOLE, nullable=False),
    Column("deleted_at", WHOLE),
    Column("expires_at", WHOLE),
    sqlite_strict=True,
)

secret_version = Table(
    "secret_version",
    metadata,
    Column("secret_id", TEXT, ForeignKey("secret.id"), primary_key=True),
    Column("version", WHOLE, primary_key=True),
    Column("key_id", TEXT, ForeignKey("data_key.id")),
    sealed(
        "sealed",
        Binding("secret", "value", "secret_id", "version", "the secret {name}, version {version}", "secret.name"),
        nullable=True,
    ),
    Column("created_at", WHOLE, nullable=False),
    Column("destroyed_at", WHOLE),
    Index(None, "key_id"),
    sqlite_strict=True,
)

# Disconnected: the row stays with no token in it, for the same reason.
operator_oauth_tokens = Table(
    "operator_oauth_tokens",
    metadata,
    Column("forge_type", TEXT, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("version", WHOLE, nullable=False),
    Column("key_id", TEXT, ForeignKey("data_key.id")),
    *(
        sealed(
            f"sealed_{field}",
            Binding("oauth_token", field, "id", "version", f"the {{name}} {field}", "operator_oauth_tokens.forge_type"),
            nullable=True,
        )
        for field in ("access_token", "refresh_token")
    ),
    Column("token_type", TEXT),
    Column("scopes", TEXT),
    Column("expires_at", WHOLE),
    Column("base_url", TEXT),
    Column("created_at", WHOLE, nullable=False),
    Column("updated_at", WHOLE, nullable=False),
    Column("client_id", TEXT),
    Column("account", TEXT),
    Column("issued_at", WHOLE),
    Column("refresh_expires_at", WHOLE),
    Column("connected_at", WHOLE),
    Column("refreshed_at", WHOLE),
    Index(None, "key_id"),
    sqlite_strict=True,
)

oauth_connection_fault = Table(
    "oauth_connection_fault",
    metadata,
    Column("forge_type", TEXT, primary_key=True),
    Column("token_version", WHOLE, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("since", WHOLE, nullable=False),
    Column("at", WHOLE, nullable=False),
    Column("failures", WHOLE, nullable=False),
    Column("retry_at", WHOLE, nullable=False),
    Column("client_mark", TEXT, nullable=False),
    sqlite_strict=True,
)

oauth_authorization = Table(
    "oauth_authorization",
    metadata,
    Column("state_digest", TEXT, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("version", WHOLE, nullable=False),
    Column("forge_type", TEXT, nullable=False),
    Column("base_url", TEXT, nullable=False),
    Column("client_id", TEXT, nullable=False),
    Column("redirect_uri", TEXT, nullable=False),
    Column("starter_digest", TEXT, nullable=False),
    Column("at_terminal", WHOLE, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("key_id", TEXT, ForeignKey("data_key.id"), nullable=False),
    *(
        sealed(
            f"sealed_{field}",
            Binding(
                "oauth_authorization",
                field,
                "id",
                "version",
                f"the {field} of an authorization at {{name}}",
                "oauth_authorization.forge_type",
            ),
            nullable=field == "answer",
        )
        for field in ("verifier", "answer")
    ),
    Column("created_at", WHOLE, nullable=False),
    Column("expires_at", WHOLE, nullable=False),
    Index(None, "key_id"),
    Index(None, "expires_at"),
    sqlite_strict=True,
)

# A lease that was given back stays, without an owner, so that its fence never starts again.
lease = Table(
    "lease",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("fence", WHOLE, nullable=False),
    Column("owner", TEXT),
    Column("until", WHOLE, nullable=False),
    sqlite_strict=True,
)

migration_ledger = Table(
    "migration_ledger",
    metadata,
    Column("migration_id", TEXT, primary_key=True),
    Column("digest", TEXT, primary_key=True),
    Column("file", TEXT, nullable=False),
    Column("records", WHOLE, nullable=False),
    Column("imported_at", WHOLE, nullable=False),
    Column("removed_at", WHOLE),
    sqlite_strict=True,
)

migration_outcome = Table(
    "migration_outcome",
    metadata,
    Column("migration_id", TEXT, primary_key=True),
    Column("file", TEXT, primary_key=True),
    Column("outcome", TEXT, nullable=False),
    Column("records", WHOLE, nullable=False),
    Column("skipped", WHOLE, nullable=False),
    Column("reason", TEXT),
    sqlite_strict=True,
)

legacy_archive = Table(
    "legacy_archive",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("root", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("bytes", WHOLE, nullable=False),
    Column("mode", WHOLE, nullable=False),
    Column("mtime_ns", WHOLE, nullable=False),
    Column("archived_at", WHOLE, nullable=False),
    UniqueConstraint("root", "path", "digest"),
    sqlite_strict=True,
)

legacy_archive_chunk = Table(
    "legacy_archive_chunk",
    metadata,
    Column("archive_id", TEXT, ForeignKey("legacy_archive.id"), primary_key=True),
    Column("sequence", WHOLE, primary_key=True),
    Column("key_id", TEXT, ForeignKey("data_key.id"), nullable=False),
    sealed(
        "sealed",
        Binding(
            "legacy_archive",
            "content",
            "archive_id",
            "sequence",
            "the archived file {name}, part {version}",
            "legacy_archive.path",
        ),
    ),
    Index(None, "key_id"),
    sqlite_strict=True,
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("prefix", TEXT, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("grants", TEXT, nullable=False),
    Column("created_at", WHOLE, nullable=False),
    Column("expires_at", WHOLE),
    Column("last_used_at", WHOLE),
    Column("revoked_at", WHOLE),
    sqlite_strict=True,
)

setting = Table(
    "setting",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
    Column("updated_at", WHOLE, nullable=False),
    sqlite_strict=True,
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("sequence", WHOLE, primary_key=True, autoincrement=False),
    Column("at", WHOLE, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("action", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("outcome", TEXT, nullable=False),
    Column("detail", TEXT),
    Column("chain", TEXT, nullable=False),
    Index(None, "subject", "action"),
    sqlite_strict=True,
)

# Two rows: `tail`, where the chain begins after it was pruned, and `head`, its newest event.
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("sequence", WHOLE, nullable=False),
    Column("chain", TEXT, nullable=False),
    Column("mac", TEXT, nullable=False),
    sqlite_strict=True,
)

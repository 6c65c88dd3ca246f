"""Tables about sessions, secrets and the keys that seal them."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table

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

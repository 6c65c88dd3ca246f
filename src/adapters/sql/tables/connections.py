"""Tables about the connections to the forges."""

from sqlalchemy import Column, ForeignKey, Index, Table

from adapters.sql.columns import TEXT, WHOLE, Binding, metadata, sealed

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

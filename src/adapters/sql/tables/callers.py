"""Tables about those who call over HTTP."""

from sqlalchemy import Column, Index, LargeBinary, Table

from adapters.sql.columns import TEXT, WHOLE, metadata

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

# `status`, `body` and `etag` are of the reply, and null while there is none.
named_request = Table(
    "named_request",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("fingerprint", TEXT, nullable=False),
    Column("begun_at", WHOLE, nullable=False),
    Column("status", WHOLE),
    Column("body", TEXT),
    Column("etag", TEXT),
    Index(None, "begun_at"),
    sqlite_strict=True,
)

"""Tables about the old files."""

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from adapters.sql.columns import TEXT, WHOLE, Binding, metadata, sealed

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

"""Tables about the service itself: settings, who did what, and how its jobs went."""

from sqlalchemy import Column, Index, Table

from adapters.sql.columns import TEXT, WHOLE, metadata

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

job = Table(
    "job",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("started_at", WHOLE),
    Column("ended_at", WHOLE),
    Column("succeeded_at", WHOLE),
    Column("result", TEXT),
    Column("error", TEXT),
    Column("failures", WHOLE, nullable=False),
    sqlite_strict=True,
)

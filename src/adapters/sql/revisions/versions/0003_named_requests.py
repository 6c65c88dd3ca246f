"""Requests that their callers name, so that sending one again does not do it again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "named_request",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("begun_at", WHOLE, nullable=False),
        sa.Column("status", WHOLE),
        sa.Column("body", TEXT),
        sa.Column("etag", TEXT),
        sa.PrimaryKeyConstraint("key", name="pk_named_request"),
        sqlite_strict=True,
    )
    op.create_index("ix_named_request_begun_at", "named_request", ["begun_at"])

"""How the jobs of the service went."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("started_at", WHOLE),
        sa.Column("ended_at", WHOLE),
        sa.Column("succeeded_at", WHOLE),
        sa.Column("result", TEXT),
        sa.Column("error", TEXT),
        sa.Column("failures", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job"),
        sqlite_strict=True,
    )

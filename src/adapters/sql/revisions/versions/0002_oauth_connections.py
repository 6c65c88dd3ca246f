"""What a connection to a forge needs: notes beside the token, its faults, authorizations under way, and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _notes_beside_tokens()
    _faults()
    _authorizations()
    _leases()


def _notes_beside_tokens() -> None:
    op.add_column("operator_oauth_tokens", sa.Column("client_id", TEXT))
    op.add_column("operator_oauth_tokens", sa.Column("account", TEXT))
    op.add_column("operator_oauth_tokens", sa.Column("issued_at", WHOLE))
    op.add_column("operator_oauth_tokens", sa.Column("refresh_expires_at", WHOLE))
    op.add_column("operator_oauth_tokens", sa.Column("connected_at", WHOLE))
    op.add_column("operator_oauth_tokens", sa.Column("refreshed_at", WHOLE))


def _faults() -> None:
    op.create_table(
        "oauth_connection_fault",
        sa.Column("forge_type", TEXT, nullable=False),
        sa.Column("token_version", WHOLE, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("since", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("failures", WHOLE, nullable=False),
        sa.Column("retry_at", WHOLE, nullable=False),
        sa.Column("client_mark", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("forge_type", name="pk_oauth_connection_fault"),
        sqlite_strict=True,
    )


def _authorizations() -> None:
    op.create_table(
        "oauth_authorization",
        sa.Column("state_digest", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("forge_type", TEXT, nullable=False),
        sa.Column("base_url", TEXT, nullable=False),
        sa.Column("client_id", TEXT, nullable=False),
        sa.Column("redirect_uri", TEXT, nullable=False),
        sa.Column("starter_digest", TEXT, nullable=False),
        sa.Column("at_terminal", WHOLE, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("sealed_verifier", sa.LargeBinary, nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("state_digest", name="pk_oauth_authorization"),
        sa.UniqueConstraint("id", name="uq_oauth_authorization_id"),
        sa.ForeignKeyConstraint(["key_id"], ["data_key.id"], name="fk_oauth_authorization_key_id"),
        sqlite_strict=True,
    )
    op.create_index("ix_oauth_authorization_key_id", "oauth_authorization", ["key_id"])
    op.create_index("ix_oauth_authorization_expires_at", "oauth_authorization", ["expires_at"])


def _leases() -> None:
    op.create_table(
        "lease",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("fence", WHOLE, nullable=False),
        sa.Column("owner", TEXT),
        sa.Column("until", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
        sqlite_strict=True,
    )

"""What clients were told: counts, and occurrences by request."""

import sqlalchemy as sa
from alembic import op

from eulermaker.kernel.database import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_Big = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "error_counts",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=3), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("count", _Big, nullable=False),
        sa.Column("first_seen", Moment(), nullable=False),
        sa.Column("last_seen", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("slug", "family", "route", "tenant_id", name=op.f("pk_error_counts")),
    )
    op.create_index(op.f("ix_error_counts_last_seen"), "error_counts", ["last_seen"])
    op.create_table(
        "error_occurrences",
        sa.Column("seq", _Big, nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=3), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_error_occurrences")),
    )
    op.create_index(op.f("ix_error_occurrences_request_id"), "error_occurrences", ["request_id"])
    op.create_index(op.f("ix_error_occurrences_at"), "error_occurrences", ["at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("error_occurrences")
    op.drop_table("error_counts")

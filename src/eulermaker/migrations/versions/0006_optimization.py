"""Builds are optimized, and tell what that did."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was built before was built as written."""
    op.add_column("builds", sa.Column("optimize", sa.String(length=8), nullable=False, server_default="safe"))
    op.add_column("builds", sa.Column("optimization", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("builds", "optimization")
    op.drop_column("builds", "optimize")

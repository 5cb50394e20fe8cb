"""Results can be found by what they were made of."""

import sqlalchemy as sa
from alembic import op

from eulermaker.kernel.database import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and their index."""
    op.add_column("builds", sa.Column("fingerprint", sa.String(length=64), nullable=True))
    op.add_column("builds", sa.Column("built_at", Moment(), nullable=True))
    op.create_index("ix_builds_fingerprint", "builds", ["fingerprint", "built_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_builds_fingerprint", "builds")
    op.drop_column("builds", "built_at")
    op.drop_column("builds", "fingerprint")

"""When an owner was served last is found without a look at each of their builds."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_builds_owner_started", "builds", ["owner_id", "started_at"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_builds_owner_started", "builds")

"""Repositories, their packages, and what is published there."""

import sqlalchemy as sa
from alembic import op

from eulermaker.kernel.database import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _repositories()
    _packages()
    _publications()


def downgrade() -> None:
    """Drop the tables."""
    for table in ("publications", "repository_packages", "repositories"):
        op.drop_table(table)


def _repositories() -> None:
    op.create_table(
        "repositories",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.String(length=40), nullable=False),
        sa.Column("node", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("signing_required", sa.Boolean(), nullable=False),
        sa.Column("keep_versions", sa.Integer(), nullable=False),
        sa.Column("key_sealed", sa.Text(), nullable=True),
        sa.Column("key_public", sa.Text(), nullable=True),
        sa.Column("key_fingerprint", sa.String(length=64), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("published_at", Moment(), nullable=True),
        sa.Column("retry_at", Moment(), nullable=True),
        sa.Column("error_slug", sa.String(length=64), nullable=True),
        sa.Column("error_facts", sa.JSON(), nullable=True),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
        sa.UniqueConstraint("name", name=op.f("uq_repositories_name")),
    )
    op.create_index("ix_repositories_tenant_name", "repositories", ["tenant_id", "name"])


def _packages() -> None:
    op.create_table(
        "repository_packages",
        sa.Column("repository_id", sa.String(length=40), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("release", sa.String(length=255), nullable=False),
        sa.Column("arch", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("build_id", sa.String(length=40), nullable=False),
        sa.Column("published_by", sa.String(length=40), nullable=False),
        sa.Column("published_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_repository_packages_repository_id_repositories"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", "file", name=op.f("pk_repository_packages")),
    )


def _publications() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("repository_id", sa.String(length=40), nullable=False),
        sa.Column("build_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("error_slug", sa.String(length=64), nullable=True),
        sa.Column("error_facts", sa.JSON(), nullable=True),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_publications_repository_id_repositories"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    op.create_index("ix_publications_build_id", "publications", ["build_id"])
    op.create_index(
        "ix_publications_repository_created", "publications", ["repository_id", "created_at", "id"]
    )
    op.create_index("ix_publications_state", "publications", ["state", "created_at"])

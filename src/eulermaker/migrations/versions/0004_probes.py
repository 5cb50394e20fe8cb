"""Probes, their results and what is known of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from eulermaker.kernel.database import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SHARDS = 32
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "probes",
        sa.Column("number", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("probe_type", sa.String(length=16), nullable=False),
        sa.Column("container", sa.String(length=80), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=True),
        sa.Column("sees_all", sa.Boolean(), nullable=False),
        sa.Column("unconfined", sa.Boolean(), nullable=False),
        sa.Column("remedy", sa.JSON(), nullable=True),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("pushed_at", sa.BigInteger(), nullable=False),
        sa.Column("pushed", sa.JSON(), nullable=True),
        sa.Column("push_hash", sa.String(length=64), nullable=True),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_since", Moment(), nullable=False),
        sa.Column("successes", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("last_status", sa.String(length=16), nullable=True),
        sa.Column("checks", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_probes")),
        sa.UniqueConstraint("id", name=op.f("uq_probes_id")),
        sa.UniqueConstraint("push_hash", name=op.f("uq_probes_push_hash")),
        sqlite_autoincrement=True,
    )
    present = sa.text("deleted_at IS NULL")
    for name, columns in (
        ("ix_probes_tenant_created", ["tenant_id", "created_at", "number"]),
        ("ix_probes_owner_created", ["owner_id", "tenant_id", "created_at", "number"]),
        ("ix_probes_container", ["container"]),
    ):
        op.create_index(name, "probes", columns, sqlite_where=present, postgresql_where=present)
    op.create_index("ix_probes_shard_revision", "probes", ["shard", "revision"])
    shards = op.create_table(
        "probe_shards",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=True),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("done_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_probe_shards")),
    )
    op.bulk_insert(
        shards,
        [
            {"shard": shard, "revision": 0, "holder": None, "until": 0.0, "done_until": 0}
            for shard in range(SHARDS)
        ],
    )
    op.create_table(
        "probe_workers",
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_probe_workers")),
    )
    op.create_table(
        "probe_journal",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe_journal")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_probe_journal_shard", "probe_journal", ["shard", "id"])
    op.create_table(
        "probe_hours",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("duration_sum", sa.BigInteger(), nullable=False),
        sa.Column("duration_min", sa.BigInteger(), nullable=True),
        sa.Column("duration_max", sa.BigInteger(), nullable=True),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("minutes", sa.LargeBinary(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number", "hour", name=op.f("pk_probe_hours")),
        sqlite_with_rowid=False,
    )
    _create_told(
        "probe_changes",
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("after", sa.String(length=16), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
    )
    _create_told(
        "probe_remedies",
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
    )


def _create_told(table: str, *columns: sa.Column[Any]) -> None:
    """Create a table of what happened to a probe, with these columns beside its time."""
    op.create_table(
        table,
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{table}_number", table, ["number", "at"])


def downgrade() -> None:
    """Drop the tables."""
    for table in (
        "probe_remedies",
        "probe_changes",
        "probe_hours",
        "probe_journal",
        "probe_workers",
        "probe_shards",
        "probes",
    ):
        op.drop_table(table)

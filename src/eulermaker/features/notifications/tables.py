"""The tables of channels and maintenance windows; deliveries are rows of the outbox."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

channels = sa.Table(
    "notification_channels",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("tenant_id", sa.String(40), nullable=False, index=True),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("scope", sa.String(8), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    # Whether who has set it up last may reach the host's own services.
    sa.Column("unconfined", sa.Boolean, nullable=False),
    sa.Column("min_severity", sa.String(16), nullable=False),
    sa.Column("events", sa.JSON, nullable=False),
    sa.Column("selector", sa.JSON, nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    # The whole configuration, sealed: where a message goes is often a secret by itself.
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

maintenance_windows = sa.Table(
    "maintenance_windows",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("tenant_id", sa.String(40), nullable=False, index=True),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("scope", sa.String(8), nullable=False),
    sa.Column("selector", sa.JSON, nullable=False),
    sa.Column("starts_at", Moment, nullable=True),
    sa.Column("ends_at", Moment, nullable=True),
    sa.Column("weekly", sa.JSON, nullable=True),
    sa.Column("created_at", Moment, nullable=False),
)

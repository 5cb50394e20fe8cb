"""The tables of alerts: what is known of each probe, its alerts, and what happened to them."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

_Big = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

#: One row for each probe that ever failed; `due_at` is when it has to be looked at again.
alert_tracks = sa.Table(
    "alert_tracks",
    metadata,
    sa.Column("probe_id", sa.String(40), primary_key=True),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("container_id", sa.String(80), nullable=True),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("failing", sa.Boolean, nullable=False),
    sa.Column("flapping", sa.Boolean, nullable=False),
    sa.Column("dismissed", sa.Boolean, nullable=False),
    sa.Column("acknowledged", sa.Boolean, nullable=False),
    sa.Column("told", sa.String(12), nullable=False),
    sa.Column("fired_at", Moment, nullable=True),
    sa.Column("changes", sa.JSON, nullable=False),
    sa.Column("alert_id", sa.String(40), nullable=True),
    sa.Column("opened_at", Moment, nullable=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("due_at", Moment, nullable=True, index=True),
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("probe_id", sa.String(40), nullable=False),
    sa.Column("probe_name", sa.String(255), nullable=False),
    sa.Column("container_id", sa.String(80), nullable=True),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("flapping", sa.Boolean, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("acknowledged_at", Moment, nullable=True),
    sa.Column("acknowledged_by", sa.String(64), nullable=True),
    sa.Column("comment", sa.String(1000), nullable=True),
    sa.Column("resolved_at", Moment, nullable=True),
    sa.Column("resolution", sa.String(12), nullable=True),
    sa.Column("resolved_by", sa.String(64), nullable=True),
    sa.Index("ix_alerts_tenant_opened", "tenant_id", "opened_at", "id"),
    sa.Index("ix_alerts_probe", "probe_id", "opened_at"),
    sa.Index("ix_alerts_resolved_at", "resolved_at"),
)

alert_events = sa.Table(
    "alert_events",
    metadata,
    sa.Column("seq", _Big, primary_key=True),
    sa.Column("alert_id", sa.String(40), nullable=False, index=True),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("by", sa.String(64), nullable=True),
    # The frame that listeners get: what the alert was when this happened.
    sa.Column("frame", sa.JSON, nullable=False),
)

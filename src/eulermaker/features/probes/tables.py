"""Tables of the probes."""

from typing import Any

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

_PRESENT: dict[str, Any] = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("deleted_at IS NULL"))
_ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

probes = sa.Table(
    "probes",
    metadata,
    # What results and schedules know a probe by; never used again.
    sa.Column("number", _ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("probe_type", sa.String(16), nullable=False),
    # The engine's whole id.
    sa.Column("container", sa.String(80)),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("config", sa.JSON, nullable=False),
    # The secrets of the configuration, sealed.
    sa.Column("secrets", sa.Text),
    # What the owner may reach, as it was when the probe was set up.
    sa.Column("sees_all", sa.Boolean, nullable=False),
    sa.Column("unconfined", sa.Boolean, nullable=False),
    sa.Column("remedy", sa.JSON),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    # The intent to delete: hidden, its results on their way out.
    sa.Column("deleted_at", Moment),
    sa.Column("shard", sa.Integer, nullable=False),
    # The shard's revision at the last change that its process has to know.
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("pushed_at", sa.BigInteger, nullable=False),
    sa.Column("pushed", sa.JSON),
    sa.Column("push_hash", sa.String(64), unique=True),
    # What its process knows of it.
    sa.Column("suspended", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("state_since", Moment, nullable=False),
    sa.Column("successes", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("last_status", sa.String(16)),
    # Results that have left the journal.
    sa.Column("checks", sa.BigInteger, nullable=False),
    sa.Column("succeeded", sa.BigInteger, nullable=False),
    sa.Column("failed", sa.BigInteger, nullable=False),
    sa.Index("ix_probes_tenant_created", "tenant_id", "created_at", "number", **_PRESENT),
    sa.Index("ix_probes_owner_created", "owner_id", "tenant_id", "created_at", "number", **_PRESENT),
    sa.Index("ix_probes_container", "container", **_PRESENT),
    sa.Index("ix_probes_shard_revision", "shard", "revision"),
    sqlite_autoincrement=True,
)

probe_shards = sa.Table(
    "probe_shards",
    metadata,
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    # Counts the changes of its probes.
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.String(40)),
    # The database's own time in seconds, so that no two clocks are ever compared.
    sa.Column("until", sa.Double, nullable=False),
    # Nothing that was due until then (in milliseconds) is checked again by the next holder.
    sa.Column("done_until", sa.BigInteger, nullable=False),
)

probe_workers = sa.Table(
    "probe_workers",
    metadata,
    sa.Column("holder", sa.String(40), primary_key=True),
    sa.Column("until", sa.Double, nullable=False),
    # Counts its batches of results: one that is sent again is known by it.
    sa.Column("batch", sa.BigInteger, nullable=False),
)

probe_journal = sa.Table(
    "probe_journal",
    metadata,
    sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("shard", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(40), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Index("ix_probe_journal_shard", "shard", "id"),
    sqlite_autoincrement=True,
)

probe_hours = sa.Table(
    "probe_hours",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    # Hours since 1970.
    sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("checks", sa.Integer, nullable=False),
    sa.Column("succeeded", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    # Durations of the successes in tenths of a millisecond.
    sa.Column("duration_sum", sa.BigInteger, nullable=False),
    sa.Column("duration_min", sa.BigInteger),
    sa.Column("duration_max", sa.BigInteger),
    sa.Column("sketch", sa.LargeBinary, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("minutes", sa.LargeBinary),
    # The raw results; NULL once they were kept long enough.
    sa.Column("data", sa.LargeBinary),
    # A row is found by its key alone, and lies beside the hours of the same probe.
    sqlite_with_rowid=False,
)

probe_changes = sa.Table(
    "probe_changes",
    metadata,
    sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("before", sa.String(16), nullable=False),
    sa.Column("after", sa.String(16), nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Index("ix_probe_changes_number", "number", "at"),
    sqlite_autoincrement=True,
)

probe_remedies = sa.Table(
    "probe_remedies",
    metadata,
    sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    # `started` until its end is known.
    sa.Column("result", sa.String(64), nullable=False),
    sa.Index("ix_probe_remedies_number", "number", "at"),
    sqlite_autoincrement=True,
)

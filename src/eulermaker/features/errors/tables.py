"""The tables of what clients were told."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

_Big = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

error_counts = sa.Table(
    "error_counts",
    metadata,
    sa.Column("slug", sa.String(64), primary_key=True),
    sa.Column("family", sa.String(3), primary_key=True),
    sa.Column("route", sa.String(200), primary_key=True),
    sa.Column("tenant_id", sa.String(40), primary_key=True),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("count", _Big, nullable=False),
    sa.Column("first_seen", Moment, nullable=False),
    sa.Column("last_seen", Moment, nullable=False, index=True),
)
error_occurrences = sa.Table(
    "error_occurrences",
    metadata,
    sa.Column("seq", _Big, primary_key=True),
    sa.Column("request_id", sa.String(64), nullable=False, index=True),
    sa.Column("slug", sa.String(64), nullable=False),
    sa.Column("family", sa.String(3), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("route", sa.String(200), nullable=False),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("user_id", sa.String(40), nullable=False),
    sa.Column("cause", sa.String(64), nullable=True),
    sa.Column("at", Moment, nullable=False, index=True),
)

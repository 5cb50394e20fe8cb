"""The audit table."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("user_id", sa.String(40), nullable=False, index=True),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("resource_type", sa.String(32), nullable=False),
    sa.Column("resource_id", sa.String(128), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("result", sa.String(64), nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
)

"""The table of status pages."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

status_pages = sa.Table(
    "status_pages",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("slug", sa.String(64), nullable=False, unique=True),
    sa.Column("tenant_id", sa.String(40), nullable=False, index=True),
    sa.Column("owner_id", sa.String(40), nullable=False),
    sa.Column("title", sa.String(128), nullable=False),
    sa.Column("scope", sa.String(8), nullable=False),
    sa.Column("selector", sa.JSON, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)

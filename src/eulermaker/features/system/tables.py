"""Settings that an administrator changes while the server runs."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

system_state = sa.Table(
    "system_state",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

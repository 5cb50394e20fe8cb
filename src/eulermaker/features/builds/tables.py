"""Tables of the builds."""

from typing import Any

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

_PRESENT: dict[str, Any] = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("deleted_at IS NULL"))

builds = sa.Table(
    "builds",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("owner_id", sa.String(40), nullable=False),
    # The installation whose disk holds the context, the log and the artifacts.
    sa.Column("node", sa.String(40), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("dockerfile_content", sa.Text, nullable=False),
    sa.Column("spec_content", sa.Text),
    sa.Column("build_args", sa.JSON, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("target", sa.String(255)),
    sa.Column("cache_enabled", sa.Boolean, nullable=False),
    sa.Column("cache_from", sa.JSON, nullable=False),
    sa.Column("optimize", sa.String(8), nullable=False, server_default="safe"),
    sa.Column("timeout", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", Moment, nullable=False),
    # Set when somebody asks for the execution: a pending build without it is a draft.
    sa.Column("queued_at", Moment),
    sa.Column("not_before", Moment),
    sa.Column("started_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Column("cancel_requested_at", Moment),
    # The intent to delete: the build is hidden, its files and its image are on their way out.
    sa.Column("deleted_at", Moment),
    sa.Column("clean_image", sa.Boolean, nullable=False, default=False),
    sa.Column("error_slug", sa.String(64)),
    sa.Column("error_facts", sa.JSON),
    sa.Column("image_id", sa.String(80)),
    sa.Column("image_tag", sa.String(255), nullable=False),
    sa.Column("image_size", sa.BigInteger),
    sa.Column("image_layers", sa.Integer),
    sa.Column("steps_total", sa.Integer),
    sa.Column("steps_cached", sa.Integer),
    sa.Column("steps_done", sa.Integer),
    # What was done to make it cheaper, and what came of that.
    sa.Column("optimization", sa.JSON),
    # What the result was made of, where all of that is pinned, and when it really was made.
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("built_at", Moment),
    # For the lists: partial, so that counting and skipping rows does not have to look at each row.
    sa.Index("ix_builds_tenant_created", "tenant_id", "created_at", "id", **_PRESENT),
    sa.Index("ix_builds_tenant_state", "tenant_id", "state", "created_at", "id", **_PRESENT),
    sa.Index("ix_builds_owner_created", "owner_id", "tenant_id", "created_at", "id", **_PRESENT),
    # For results that can be taken over.
    sa.Index("ix_builds_fingerprint", "fingerprint", "built_at"),
    # For the queue.
    sa.Index("ix_builds_node_state", "node", "state", "queued_at"),
    sa.Index("ix_builds_owner_started", "owner_id", "started_at"),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("build_id", sa.ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(512), primary_key=True),
    sa.Column("path", sa.String(4096), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("rpm", sa.JSON),
)

"""Tables of the repositories: what each consists of, and what was or will be published there."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

repositories = sa.Table(
    "repositories",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("tenant_id", sa.String(40), nullable=False),
    sa.Column("owner_id", sa.String(40), nullable=False),
    # The installation whose disk holds the packages.
    sa.Column("node", sa.String(40), nullable=False),
    # The address has no tenant in it, so a name is taken for all.
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("description", sa.String(200), nullable=False),
    sa.Column("public", sa.Boolean, nullable=False),
    sa.Column("signing_required", sa.Boolean, nullable=False),
    sa.Column("keep_versions", sa.Integer, nullable=False),
    sa.Column("key_sealed", sa.Text),
    sa.Column("key_public", sa.Text),
    sa.Column("key_fingerprint", sa.String(64)),
    # Of the secret that lets dnf in; the secret itself is not kept.
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    # Counted with every change; what is served has the number `published`, and follows.
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("published", sa.Integer, nullable=False),
    sa.Column("published_at", Moment),
    sa.Column("retry_at", Moment),
    sa.Column("error_slug", sa.String(64)),
    sa.Column("error_facts", sa.JSON),
    # The intent to delete: nothing is served any more, its files are on their way out.
    sa.Column("deleted_at", Moment),
    sa.Index("ix_repositories_tenant_name", "tenant_id", "name"),
)

packages = sa.Table(
    "repository_packages",
    metadata,
    sa.Column("repository_id", sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("file", sa.String(255), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("epoch", sa.BigInteger),
    sa.Column("version", sa.String(255), nullable=False),
    sa.Column("release", sa.String(255), nullable=False),
    sa.Column("arch", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    # Of what the build made, before it was signed here.
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("build_id", sa.String(40), nullable=False),
    sa.Column("published_by", sa.String(40), nullable=False),
    sa.Column("published_at", Moment, nullable=False),
)

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("repository_id", sa.ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False),
    sa.Column("build_id", sa.String(40), nullable=False, index=True),
    # waiting: for the end of the build. accepted: part of the repository from `revision` on. refused.
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("revision", sa.Integer),
    sa.Column("error_slug", sa.String(64)),
    sa.Column("error_facts", sa.JSON),
    sa.Column("requested_by", sa.String(40), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Index("ix_publications_repository_created", "repository_id", "created_at", "id"),
    sa.Index("ix_publications_state", "state", "created_at"),
)

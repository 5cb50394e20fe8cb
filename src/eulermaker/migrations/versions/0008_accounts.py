"""Accounts with locks, second factors, API keys and registration; the audit record can't be rewritten."""

import unicodedata

import sqlalchemy as sa
from alembic import op

from eulermaker.kernel.database import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_USERS = sa.table(
    "users", sa.column("id"), sa.column("username"), sa.column("skeleton"), sa.column("email_verified")
)
_NEW_TABLES = (
    "role_matrix",
    "revocations",
    "email_blacklist",
    "tenants",
    "identities",
    "misses",
    "recovery_codes",
    "grants",
    "socket_tickets",
    "api_keys",
)


def upgrade() -> None:
    """Add the columns and create the tables."""
    _users()
    for name, length in (("address", 64), ("agent", 200), ("method", 16)):
        op.add_column(
            "sessions",
            sa.Column(name, sa.String(length=length), nullable=False, server_default=sa.text("''")),
        )
    _keys()
    _single_use()
    _others()
    _append_only()


def downgrade() -> None:
    """Drop them; what users have set is lost."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_log_append_only ON audit_log")
        op.execute("DROP FUNCTION audit_log_append_only()")
    else:
        op.execute("DROP TRIGGER audit_log_append_only")
    for table in _NEW_TABLES:
        op.drop_table(table)
    op.create_table(
        "socket_tickets",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name=op.f("fk_socket_tickets_session_id_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_socket_tickets")),
    )
    op.create_index(op.f("ix_socket_tickets_session_id"), "socket_tickets", ["session_id"])
    op.create_index(op.f("ix_socket_tickets_expires_at"), "socket_tickets", ["expires_at"])
    for column in ("method", "agent", "address"):
        op.drop_column("sessions", column)
    op.drop_index(op.f("ix_users_skeleton"), "users")
    op.drop_index(op.f("ix_users_tenant_id"), "users")
    for column in (
        "totp_step",
        "totp_since",
        "totp_secret",
        "last_login_at",
        "suspended_reason",
        "suspended_at",
        "email_verified",
        "skeleton",
    ):
        op.drop_column("users", column)


def _users() -> None:
    # Columns are added in place: SQLite would delete all that refers to a table that is made anew.
    for column in (
        sa.Column("skeleton", sa.String(length=128), nullable=False, server_default=sa.text("''")),
        sa.Column("email_verified", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("suspended_at", Moment(), nullable=True),
        sa.Column("suspended_reason", sa.String(length=200), nullable=True),
        sa.Column("last_login_at", Moment(), nullable=True),
        sa.Column("totp_secret", sa.String(length=255), nullable=True),
        sa.Column("totp_since", Moment(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"),
    ):
        op.add_column("users", column)
    connection = op.get_bind()
    for identifier, username in connection.execute(sa.select(_USERS.c.id, _USERS.c.username)).all():
        connection.execute(
            _USERS.update()
            .where(_USERS.c.id == identifier)
            .values(username=_folded(username), skeleton=_skeleton(username), email_verified=True)
        )
    op.create_index(op.f("ix_users_skeleton"), "users", ["skeleton"], unique=True)
    op.create_index(op.f("ix_users_tenant_id"), "users", ["tenant_id"])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _skeleton(name: str) -> str:
    plain = _folded(name).translate({ord("0"): "o", ord("1"): "l"})
    return plain.replace("rn", "m").replace("vv", "w")


def _of_user(table: str, *, nullable: bool = False) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("user_id", sa.String(length=40), nullable=nullable),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id_users"), ondelete="CASCADE"
        ),
    )


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        *_of_user("api_keys"),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("shown", sa.String(length=16), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("replaced_by", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    op.create_index("ix_api_keys_user_id_name", "api_keys", ["user_id", "name"])
    op.drop_table("socket_tickets")
    op.create_table(
        "socket_tickets",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=True),
        sa.Column("key_id", sa.String(length=40), nullable=True),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name=op.f("fk_socket_tickets_session_id_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_socket_tickets_key_id_api_keys"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_socket_tickets")),
    )
    for column in ("session_id", "key_id", "expires_at"):
        op.create_index(op.f(f"ix_socket_tickets_{column}"), "socket_tickets", [column])


def _single_use() -> None:
    op.create_table(
        "grants",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        *_of_user("grants", nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_user_id"), "grants", ["user_id"])
    op.create_index(op.f("ix_grants_expires_at"), "grants", ["expires_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("hash", sa.String(length=64), nullable=False),
        *_of_user("recovery_codes"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"])
    op.create_table(
        "misses",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("locked_until", Moment(), nullable=True),
        sa.Column("forget_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_misses")),
    )
    op.create_index(op.f("ix_misses_forget_at"), "misses", ["forget_at"])


def _others() -> None:
    op.create_table(
        "identities",
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        *_of_user("identities"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "subject", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"])
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("skeleton", sa.String(length=128), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("skeleton", name=op.f("uq_tenants_skeleton")),
    )
    op.create_table(
        "email_blacklist",
        sa.Column("pattern", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("pattern", name=op.f("pk_email_blacklist")),
    )
    op.create_table(
        "revocations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocations")),
    )
    op.create_index(op.f("ix_revocations_at"), "revocations", ["at"])
    op.create_table(
        "role_matrix",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("matrix", sa.JSON(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_matrix")),
    )


def _append_only() -> None:
    # What was recorded is never changed; only what is too old goes as a whole.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit record is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log "
            "FOR EACH ROW EXECUTE FUNCTION audit_log_append_only()"
        )
    else:
        op.execute(
            "CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON audit_log "
            "BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END"
        )

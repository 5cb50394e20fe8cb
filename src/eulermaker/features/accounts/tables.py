"""Tables of the account store."""

import sqlalchemy as sa

from eulermaker.kernel.database import Moment, metadata

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("tenant_id", sa.String(40), nullable=False, index=True),
    sa.Column("username", sa.String(64), nullable=False, unique=True),
    #: What names that look alike have in common.
    sa.Column(
        "skeleton", sa.String(128), nullable=False, server_default=sa.text("''"), unique=True, index=True
    ),
    sa.Column("email", sa.String(254), unique=True),
    sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("suspended_at", Moment),
    sa.Column("suspended_reason", sa.String(200)),
    sa.Column("last_login_at", Moment),
    #: Sealed; in use since `totp_since`. A code counts once: only of a step after `totp_step`.
    sa.Column("totp_secret", sa.String(255)),
    sa.Column("totp_since", Moment),
    sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("revoked_at", Moment),
    sa.Column("address", sa.String(64), nullable=False, server_default=sa.text("''")),
    sa.Column("agent", sa.String(200), nullable=False, server_default=sa.text("''")),
    #: How it began: `password`, `totp`, `recovery-code`, `oauth`.
    sa.Column("method", sa.String(16), nullable=False, server_default=sa.text("''")),
)

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("session_id", sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("used_at", Moment),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    #: The beginning, by which people know it.
    sa.Column("shown", sa.String(16), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.Column("last_used_at", Moment),
    #: The key that takes this one's place; both hold until this one expires.
    sa.Column("replaced_by", sa.String(40)),
    sa.Index("ix_api_keys_user_id_name", "user_id", "name"),
)

socket_tickets = sa.Table(
    "socket_tickets",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("session_id", sa.ForeignKey("sessions.id", ondelete="CASCADE"), index=True),
    sa.Column("key_id", sa.ForeignKey("api_keys.id", ondelete="CASCADE"), index=True),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)

#: What is good for one use: challenges, codes by e-mail, reset tokens, exchange codes.
grants = sa.Table(
    "grants",
    metadata,
    #: The hash of a secret, or of what a short code is about.
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
    #: Of a short code, which may be tried a few times only.
    sa.Column("code_hash", sa.String(64)),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
)

#: Misses in a row, by what was guessed at: the password or the code of an account, known or not.
misses = sa.Table(
    "misses",
    metadata,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("locked_until", Moment),
    sa.Column("forget_at", Moment, nullable=False, index=True),
)

#: People of an OAuth provider.
identities = sa.Table(
    "identities",
    metadata,
    sa.Column("provider", sa.String(32), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
)

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("skeleton", sa.String(128), nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
)

email_blacklist = sa.Table(
    "email_blacklist",
    metadata,
    #: An address, or `@domain`.
    sa.Column("pattern", sa.String(254), primary_key=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)

#: What other processes have to forget: the sessions of a user, or what everybody may do.
revocations = sa.Table(
    "revocations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("user_id", sa.String(40), nullable=False),
    sa.Column("session_id", sa.String(40), nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
)

#: One row: what each role may do, where administrators changed it.
role_matrix = sa.Table(
    "role_matrix",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("matrix", sa.JSON, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

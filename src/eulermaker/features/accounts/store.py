"""All SQL of accounts, their sessions and the tokens of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.names import folded, skeleton
from eulermaker.features.accounts.tables import (
    api_keys,
    refresh_tokens,
    revocations,
    sessions,
    socket_tickets,
    tenants,
    users,
)
from eulermaker.kernel.call import Role
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.paging import Page

#: Which of its unique fields another account has already.
Clash = Literal["username", "email"]
EVERYBODY = ""


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    id: str
    tenant: str
    username: str
    password_hash: str
    role: Role
    email: str | None = None
    email_verified: bool = True
    created_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_reason: str | None = None
    last_login_at: datetime | None = None
    totp_secret: str | None = None
    totp_since: datetime | None = None

    @property
    def has_totp(self) -> bool:
        """Whether a second factor is asked for."""
        return self.totp_since is not None


@dataclass(frozen=True, slots=True)
class Session:
    """One session of a user."""

    id: str
    user: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    address: str
    agent: str
    method: str

    def lives(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.revoked_at is None and self.expires_at > now


class AccountStore:
    """Reads and writes accounts inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def user_named(self, name: str) -> User | None:
        """The user with that user name or e-mail address."""
        plain = folded(name.strip())
        return await self._one(sa.or_(users.c.username == plain, users.c.email == plain))

    async def user(self, identifier: str) -> User | None:
        """The user with that id."""
        return await self._one(users.c.id == identifier)

    async def user_with_email(self, email: str) -> User | None:
        """The user with that address."""
        return await self._one(users.c.email == email)

    async def clash(
        self, *, username: str | None = None, email: str | None = None, but: str = ""
    ) -> Clash | None:
        """Which of these an account other than `but` has already, or one that looks the same."""
        other = users.c.id != but
        if username is not None:
            alike = sa.or_(
                users.c.skeleton == skeleton(username),
                users.c.username == username,
                users.c.email == username,
            )
            if await self._one(sa.and_(other, alike)):
                return "username"
        if email is not None and await self._one(
            sa.and_(other, sa.or_(users.c.email == email, users.c.username == email))
        ):
            return "email"
        return None

    async def any_user(self) -> bool:
        """Whether any account exists."""
        return (await self._db.execute(sa.select(users.c.id).limit(1))).first() is not None

    async def add_user(self, user: User, *, now: datetime) -> None:
        """Store a new account."""
        await self._db.execute(
            users.insert().values(
                id=user.id,
                tenant_id=user.tenant,
                username=folded(user.username),
                skeleton=skeleton(user.username),
                email=user.email,
                email_verified=user.email_verified,
                password_hash=user.password_hash,
                role=user.role.value,
                created_at=now,
                totp_step=0,
            )
        )

    async def list_users(self, page: Page, *, search: str, role: Role | None) -> tuple[int, list[User]]:
        """How many users match, and a page of them by name."""
        wanted = [] if role is None else [users.c.role == role.value]
        if search:
            plain = folded(search)
            wanted.append(
                sa.or_(
                    users.c.username.contains(plain, autoescape=True),
                    users.c.email.contains(plain, autoescape=True),
                )
            )
        count = sa.select(sa.func.count()).select_from(users).where(*wanted)
        query = (
            sa.select(users).where(*wanted).order_by(users.c.username).limit(page.limit).offset(page.offset)
        )
        total = (await self._db.execute(count)).scalar_one()
        return total, [as_user(row) for row in await self._db.execute(query)]

    async def hold(self, identifier: str) -> None:
        """Let nobody else change this user until this transaction ends."""
        await self._db.execute(sa.select(users.c.id).where(users.c.id == identifier).with_for_update())

    async def lock_roots(self) -> None:
        """Let nobody else change who is root until this transaction ends."""
        # Two who remove each other's role at once must not both succeed. SQLite has one writer anyhow.
        query = sa.select(users.c.id).where(users.c.role == Role.ROOT.value).with_for_update()
        await self._db.execute(query)

    async def other_roots(self, identifier: str) -> int:
        """How many others are root and not suspended."""
        query = sa.select(sa.func.count()).where(
            users.c.role == Role.ROOT.value, users.c.id != identifier, users.c.suspended_at.is_(None)
        )
        return int((await self._db.execute(query)).scalar_one())

    async def change(self, identifier: str, **fields: Any) -> bool:
        """Set columns of a user; tells whether there is one."""
        changed = await self._db.execute(users.update().where(users.c.id == identifier).values(**fields))
        return changed.rowcount == 1

    async def rename(self, identifier: str, username: str) -> None:
        """Give a user another name."""
        await self.change(identifier, username=folded(username), skeleton=skeleton(username))

    async def delete_user(self, identifier: str) -> bool:
        """Remove a user with all that is theirs here; tells whether there was one."""
        return (await self._db.execute(users.delete().where(users.c.id == identifier))).rowcount == 1

    async def use_totp_step(self, identifier: str, step: int) -> bool:
        """Spend the code of a step; only the first of many concurrent callers is told True."""
        spent = await self._db.execute(
            users.update().where(users.c.id == identifier, users.c.totp_step < step).values(totp_step=step)
        )
        return spent.rowcount == 1

    async def figures(self, *, now: datetime) -> dict[str, int]:
        """How many users there are, by what matters to administrators."""
        query = sa.select(
            sa.func.count(),
            sa.func.count(users.c.suspended_at),
            sa.func.count(users.c.totp_since),
            sa.func.count(sa.case((users.c.email_verified.is_(False), 1))),
        ).select_from(users)
        total, suspended, mfa, unverified = (await self._db.execute(query)).one()
        living = sa.select(sa.func.count()).where(
            sessions.c.revoked_at.is_(None), sessions.c.expires_at > now
        )
        by_role = sa.select(users.c.role, sa.func.count()).group_by(users.c.role)
        roles = {f"role_{role}": count for role, count in await self._db.execute(by_role)}
        return {
            "total": total,
            "active": total - suspended,
            "suspended": suspended,
            "mfa_enabled": mfa,
            "email_unverified": unverified,
            "sessions": (await self._db.execute(living)).scalar_one(),
            **roles,
        }

    async def add_tenant(self, identifier: str, name: str, *, now: datetime) -> None:
        """Store a new tenant; an integrity error when another is called alike."""
        await self._db.execute(
            tenants.insert().values(id=identifier, name=name, skeleton=skeleton(name), created_at=now)
        )

    async def tenant_exists(self, name: str) -> bool:
        """Whether a tenant is called so, or alike."""
        query = sa.select(tenants.c.id).where(tenants.c.skeleton == skeleton(name))
        return (await self._db.execute(query)).first() is not None

    async def open_session(self, session: Session) -> None:
        """Store a new session."""
        await self._db.execute(
            sessions.insert().values(
                id=session.id,
                user_id=session.user,
                created_at=session.created_at,
                expires_at=session.expires_at,
                address=session.address,
                agent=session.agent,
                method=session.method,
            )
        )

    async def session(self, identifier: str) -> tuple[User, Session] | None:
        """A session, ended or not, and whose it is."""
        query = (
            sa.select(users, *_SESSION)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.id == identifier)
        )
        row = (await self._db.execute(query)).first()
        return None if row is None else (as_user(row), _session(row))

    async def sessions_of(self, user: str, *, now: datetime) -> list[Session]:
        """The living sessions of a user, newest first."""
        query = (
            sa.select(*_SESSION)
            .where(sessions.c.user_id == user, sessions.c.revoked_at.is_(None), sessions.c.expires_at > now)
            .order_by(sessions.c.created_at.desc())
            .limit(MAX_SESSIONS)
        )
        return [_session(row) for row in await self._db.execute(query)]

    async def end_session(self, session: str, *, now: datetime) -> bool:
        """Revoke the session, and with it all of its tokens; tells whether it lived."""
        ended = await self._db.execute(
            sessions.update()
            .where(sessions.c.id == session, sessions.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return ended.rowcount == 1

    async def end_sessions(self, user: str, *, now: datetime, but: str = "") -> int:
        """Revoke all sessions of a user but that one; tells how many."""
        ended = await self._db.execute(
            sessions.update()
            .where(sessions.c.user_id == user, sessions.c.id != but, sessions.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return ended.rowcount

    async def end_keys(self, user: str, *, now: datetime) -> int:
        """Revoke all API keys of a user; tells how many."""
        ended = await self._db.execute(
            api_keys.update()
            .where(api_keys.c.user_id == user, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return ended.rowcount

    async def tell_revocation(self, user: str, *, session: str = "", now: datetime) -> None:
        """Leave word for other processes."""
        await self._db.execute(
            revocations.insert().values(id=new_id("revocation"), user_id=user, session_id=session, at=now)
        )

    async def revocations_since(self, moment: datetime) -> Sequence[tuple[str, str, str]]:
        """Id, user and session of what was revoked since then."""
        query = sa.select(revocations.c.id, revocations.c.user_id, revocations.c.session_id).where(
            revocations.c.at >= moment
        )
        return [(row[0], row[1], row[2]) for row in await self._db.execute(query)]

    async def add_refresh_token(self, hashed: str, *, session: str) -> None:
        """Store a refresh token's hash."""
        await self._db.execute(refresh_tokens.insert().values(hash=hashed, session_id=session))

    async def use_refresh_token(self, hashed: str, *, now: datetime) -> bool:
        """Spend a refresh token; only the first of many concurrent callers is told True."""
        spent = await self._db.execute(
            refresh_tokens.update()
            .where(refresh_tokens.c.hash == hashed, refresh_tokens.c.used_at.is_(None))
            .values(used_at=now)
        )
        return spent.rowcount == 1

    async def session_of_refresh_token(self, hashed: str) -> str | None:
        """The session that a refresh token, spent or not, belongs to."""
        query = sa.select(refresh_tokens.c.session_id).where(refresh_tokens.c.hash == hashed)
        return (await self._db.execute(query)).scalar()

    async def add_ticket(
        self, hashed: str, *, session: str | None, key: str | None, expires_at: datetime
    ) -> None:
        """Store a socket ticket's hash."""
        await self._db.execute(
            socket_tickets.insert().values(hash=hashed, session_id=session, key_id=key, expires_at=expires_at)
        )

    async def use_ticket(self, hashed: str, *, now: datetime) -> tuple[str | None, str | None] | None:
        """Spend a socket ticket: the session or the key it belongs to, once and only in time."""
        spent = await self._db.execute(
            socket_tickets.delete()
            .where(socket_tickets.c.hash == hashed, socket_tickets.c.expires_at > now)
            .returning(socket_tickets.c.session_id, socket_tickets.c.key_id)
        )
        row = spent.first()
        return None if row is None else (row[0], row[1])

    async def forget_expired(self, *, now: datetime, revoked_before: datetime) -> None:
        """Delete tickets, sessions and words to others whose time has passed; tokens go with sessions."""
        await self._db.execute(socket_tickets.delete().where(socket_tickets.c.expires_at <= now))
        await self._db.execute(sessions.delete().where(sessions.c.expires_at <= now))
        await self._db.execute(revocations.delete().where(revocations.c.at <= revoked_before))

    async def _one(self, condition: sa.ColumnElement[bool]) -> User | None:
        row = (await self._db.execute(sa.select(users).where(condition))).first()
        return None if row is None else as_user(row)


MAX_SESSIONS = 200
# Both tables have an `id` and a `created_at`.
_SESSION = tuple(column.label(f"session_{column.name}") for column in sessions.c)


def as_user(row: sa.Row[Any]) -> User:
    """The account in a row that has the columns of `users`."""
    fields = row._mapping
    return User(
        id=fields["id"],
        tenant=fields["tenant_id"],
        username=fields["username"],
        password_hash=fields["password_hash"],
        role=Role(fields["role"]),
        email=fields["email"],
        email_verified=fields["email_verified"],
        created_at=fields["created_at"],
        suspended_at=fields["suspended_at"],
        suspended_reason=fields["suspended_reason"],
        last_login_at=fields["last_login_at"],
        totp_secret=fields["totp_secret"],
        totp_since=fields["totp_since"],
    )


def _session(row: sa.Row[Any]) -> Session:
    fields = row._mapping
    return Session(
        id=fields["session_id"],
        user=fields["session_user_id"],
        created_at=fields["session_created_at"],
        expires_at=fields["session_expires_at"],
        revoked_at=fields["session_revoked_at"],
        address=fields["session_address"],
        agent=fields["session_agent"],
        method=fields["session_method"],
    )

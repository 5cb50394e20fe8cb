"""All SQL of the account store."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.tables import refresh_tokens, sessions, socket_tickets, users
from eulermaker.kernel.call import Principal, Role


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    id: str
    tenant: str
    username: str
    password_hash: str
    role: Role


class AccountStore:
    """Reads and writes accounts inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def user_named(self, name: str) -> User | None:
        """The user with that user name or e-mail address."""
        query = sa.select(users).where(sa.or_(users.c.username == name, users.c.email == name.lower()))
        row = (await self._db.execute(query)).first()
        return None if row is None else _user(row)

    async def any_user(self) -> bool:
        """Whether any account exists."""
        return (await self._db.execute(sa.select(users.c.id).limit(1))).first() is not None

    async def add_user(self, user: User, *, now: datetime) -> None:
        """Store a new account."""
        await self._db.execute(
            users.insert().values(
                id=user.id,
                tenant_id=user.tenant,
                username=user.username,
                password_hash=user.password_hash,
                role=user.role.value,
                created_at=now,
            )
        )

    async def open_session(self, session: str, *, user: str, now: datetime, expires_at: datetime) -> None:
        """Store a new session."""
        await self._db.execute(
            sessions.insert().values(id=session, user_id=user, created_at=now, expires_at=expires_at)
        )

    async def principal(self, session: str, *, now: datetime) -> Principal | None:
        """Who the living session belongs to."""
        query = (
            sa.select(users)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.id == session, sessions.c.revoked_at.is_(None), sessions.c.expires_at > now)
        )
        row = (await self._db.execute(query)).first()
        if row is None:
            return None
        user = _user(row)
        return Principal(user.id, user.username, user.tenant, user.role, session)

    async def end_session(self, session: str, *, now: datetime) -> None:
        """Revoke the session, and with it all of its tokens."""
        await self._db.execute(
            sessions.update()
            .where(sessions.c.id == session, sessions.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )

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

    async def add_ticket(self, hashed: str, *, session: str, expires_at: datetime) -> None:
        """Store a socket ticket's hash."""
        await self._db.execute(
            socket_tickets.insert().values(hash=hashed, session_id=session, expires_at=expires_at)
        )

    async def use_ticket(self, hashed: str, *, now: datetime) -> str | None:
        """Spend a socket ticket: the session it belongs to, once and only in time."""
        spent = await self._db.execute(
            socket_tickets.delete()
            .where(socket_tickets.c.hash == hashed, socket_tickets.c.expires_at > now)
            .returning(socket_tickets.c.session_id)
        )
        return spent.scalar()

    async def forget_expired(self, *, now: datetime) -> None:
        """Delete tickets and sessions whose time has passed; their tokens go with them."""
        await self._db.execute(socket_tickets.delete().where(socket_tickets.c.expires_at <= now))
        await self._db.execute(sessions.delete().where(sessions.c.expires_at <= now))


def _user(row: sa.Row[tuple[object, ...]]) -> User:
    fields = row._mapping
    return User(
        id=fields["id"],
        tenant=fields["tenant_id"],
        username=fields["username"],
        password_hash=fields["password_hash"],
        role=Role(fields["role"]),
    )

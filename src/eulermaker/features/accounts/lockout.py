"""Misses in a row: who guesses too often has to wait, whatever the route and whoever is guessed at."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.tables import misses


@dataclass(frozen=True, slots=True)
class Policy:
    """After `allowed` misses in a row nothing counts for `lock`; misses are forgotten after `memory`."""

    allowed: int
    lock: timedelta
    memory: timedelta


PASSWORD = Policy(allowed=5, lock=timedelta(minutes=30), memory=timedelta(days=1))
SECOND_FACTOR = Policy(allowed=5, lock=timedelta(minutes=5), memory=timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Standing:
    """How one stands after a try: locked until then, or with so many tries left."""

    locked_until: datetime | None
    left: int


def password_of(user: str | None, name: str) -> str:
    """What the misses of a password are counted under.

    A name that nobody has is counted as well: a lock, too, would tell who has an account.
    """
    return f"password:{user}" if user else f"name:{hashlib.sha256(name.encode()).hexdigest()}"


def second_factor_of(user: str) -> str:
    """What the misses of codes are counted under: the user, over all challenges."""
    return f"code:{user}"


class MissStore:
    """Counts misses inside one transaction."""

    def __init__(self, connection: AsyncConnection, policy: Policy) -> None:
        self._db = connection
        self._policy = policy

    async def standing(self, subject: str, *, now: datetime) -> Standing:
        """How one stands before a try."""
        row = (await self._db.execute(sa.select(misses).where(misses.c.subject == subject))).first()
        return self._standing(None if row is None else row._mapping, now)

    async def miss(self, subject: str, *, now: datetime) -> Standing:
        """Count a miss, unless it is locked already; the last one allowed locks."""
        insert = sqlite.insert if self._db.dialect.name == "sqlite" else postgresql.insert
        row = insert(misses).values(
            subject=subject, count=1, locked_until=None, forget_at=now + self._policy.memory
        )
        locked = sa.func.coalesce(misses.c.locked_until > now, sa.false())
        lapsed = sa.or_(misses.c.locked_until <= now, misses.c.forget_at <= now)
        count = sa.case((locked, misses.c.count), (lapsed, 1), else_=misses.c.count + 1)
        until = now + self._policy.lock
        counted = row.on_conflict_do_update(
            index_elements=[misses.c.subject],
            set_={
                "count": count,
                "locked_until": sa.case(
                    (locked, misses.c.locked_until),
                    (count >= self._policy.allowed, until),
                    else_=sa.null(),
                ),
                "forget_at": sa.case((locked, misses.c.forget_at), else_=now + self._policy.memory),
            },
        ).returning(misses)
        return self._standing((await self._db.execute(counted)).one()._mapping, now)

    async def clear(self, subject: str) -> None:
        """Forget the misses, and end a lock."""
        await self._db.execute(misses.delete().where(misses.c.subject == subject))

    def _standing(self, row: sa.RowMapping | None, now: datetime) -> Standing:
        if row is None:
            return Standing(None, self._policy.allowed)
        until = row["locked_until"]
        if until is not None:
            return Standing(until, 0) if until > now else Standing(None, self._policy.allowed)
        left = self._policy.allowed - row["count"] if row["forget_at"] > now else self._policy.allowed
        return Standing(None, left)


async def forget_misses(connection: AsyncConnection, *, now: datetime) -> None:
    """Delete what has been forgotten."""
    await connection.execute(misses.delete().where(misses.c.forget_at <= now))

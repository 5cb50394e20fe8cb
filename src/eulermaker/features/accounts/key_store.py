"""All SQL of API keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.store import User, as_user
from eulermaker.features.accounts.tables import api_keys, users
from eulermaker.kernel.call import Permission

#: How long keys that hold no more are listed and told apart from unknown ones.
DEAD_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Key:
    """One API key; without `scopes` it may do all that its owner may."""

    id: str
    user: str
    name: str
    shown: str
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    replaced_by: str | None = None


class KeyStore:
    """Reads and writes API keys inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add(self, key: Key, *, hashed: str) -> None:
        """Store a new key."""
        await self._db.execute(
            api_keys.insert().values(
                id=key.id,
                user_id=key.user,
                name=key.name,
                shown=key.shown,
                hash=hashed,
                scopes=sorted(key.scopes),
                created_at=key.created_at,
                expires_at=key.expires_at,
            )
        )

    async def of_user(self, user: str, *, now: datetime) -> list[Key]:
        """The keys of a user that hold, newest first."""
        query = (
            sa.select(*_KEY)
            .where(api_keys.c.user_id == user, *_holding(now))
            .order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        )
        return [_key(row) for row in await self._db.execute(query)]

    async def key(self, identifier: str) -> tuple[User, Key] | None:
        """A key, holding or not, and whose it is."""
        return await self._one(api_keys.c.id == identifier)

    async def key_hashed(self, hashed: str) -> tuple[User, Key] | None:
        """The key that was shown."""
        return await self._one(api_keys.c.hash == hashed)

    async def replace(self, identifier: str, *, by: str, until: datetime, now: datetime) -> bool:
        """Let a key hold until then only; tells whether it held and was not replaced before."""
        replaced = await self._db.execute(
            api_keys.update()
            .where(api_keys.c.id == identifier, api_keys.c.replaced_by.is_(None), *_holding(now))
            .values(
                replaced_by=by,
                expires_at=sa.case((api_keys.c.expires_at < until, api_keys.c.expires_at), else_=until),
            )
        )
        return replaced.rowcount == 1

    async def revoke(self, identifier: str, *, now: datetime) -> bool:
        """End a key; tells whether it held."""
        revoked = await self._db.execute(
            api_keys.update()
            .where(api_keys.c.id == identifier, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        return revoked.rowcount == 1

    async def note_use(self, identifier: str, *, now: datetime) -> None:
        """Write down when the key was last used."""
        await self._db.execute(api_keys.update().where(api_keys.c.id == identifier).values(last_used_at=now))

    async def forget_dead(self, *, now: datetime) -> None:
        """Delete keys that have not held for long."""
        before = now - DEAD_KEPT
        await self._db.execute(
            api_keys.delete().where(sa.or_(api_keys.c.expires_at <= before, api_keys.c.revoked_at <= before))
        )

    async def _one(self, condition: sa.ColumnElement[bool]) -> tuple[User, Key] | None:
        query = sa.select(users, *_KEY).join(api_keys, api_keys.c.user_id == users.c.id).where(condition)
        row = (await self._db.execute(query)).first()
        return None if row is None else (as_user(row), _key(row))


_KEY = tuple(column.label(f"key_{column.name}") for column in api_keys.c)


def _holding(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        api_keys.c.revoked_at.is_(None),
        sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
    )


def _key(row: sa.Row[Any]) -> Key:
    fields = row._mapping
    return Key(
        id=fields["key_id"],
        user=fields["key_user_id"],
        name=fields["key_name"],
        shown=fields["key_shown"],
        scopes=frozenset(Permission(scope) for scope in fields["key_scopes"]),
        created_at=fields["key_created_at"],
        expires_at=fields["key_expires_at"],
        revoked_at=fields["key_revoked_at"],
        last_used_at=fields["key_last_used_at"],
        replaced_by=fields["key_replaced_by"],
    )

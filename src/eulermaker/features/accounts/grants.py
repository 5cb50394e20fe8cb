"""What is good for one use: challenges, codes by e-mail, reset tokens, exchange codes."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.tables import grants

#: How often a short code may be tried.
TRIES = 5


class Kind(StrEnum):
    """What a grant is good for."""

    CHALLENGE = "challenge"
    PROVISIONING = "provisioning"
    EMAIL_CODE = "email-code"
    #: A code that was shown once, and is good for one thing more.
    EMAIL_CONFIRMED = "email-confirmed"
    PASSWORD_RESET = "password-reset"  # noqa: S105  # a kind's name
    OAUTH_STATE = "oauth-state"
    EXCHANGE_CODE = "exchange-code"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a secret stands for."""

    user: str | None
    payload: dict[str, Any] = field(default_factory=dict)


def hashed(secret: str) -> str:
    """How a secret of 256 random bits is kept: a plain hash of it can't be searched."""
    return hashlib.sha256(secret.encode()).hexdigest()


def short_hashed(code: str, *, about: str, secret: str) -> str:
    """How a short code is kept: without the server's own secret its hash can't be searched."""
    return hmac.new(secret.encode(), f"{about}\0{code}".encode(), hashlib.sha256).hexdigest()


def about(subject: str) -> str:
    """The key of a grant that is found by what it is about, an e-mail address."""
    return hashlib.sha256(f"about {subject}".encode()).hexdigest()


class GrantStore:
    """Keeps and spends grants inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def put(
        self, key: str, kind: Kind, grant: Grant, *, expires_at: datetime, code_hash: str | None = None
    ) -> None:
        """Keep a grant; one with the same key is replaced."""
        insert = sqlite.insert if self._db.dialect.name == "sqlite" else postgresql.insert
        fields = {
            "kind": kind.value,
            "user_id": grant.user,
            "code_hash": code_hash,
            "tries": 0,
            "payload": grant.payload,
            "expires_at": expires_at,
        }
        row = insert(grants).values(key=key, **fields)
        await self._db.execute(row.on_conflict_do_update(index_elements=[grants.c.key], set_=fields))

    async def look(self, key: str, kind: Kind, *, now: datetime) -> Grant | None:
        """What the secret stands for, without spending it."""
        query = sa.select(grants.c.user_id, grants.c.payload).where(
            grants.c.key == key, grants.c.kind == kind.value, grants.c.expires_at > now
        )
        row = (await self._db.execute(query)).first()
        return None if row is None else Grant(row[0], row[1])

    async def spend(self, key: str, kind: Kind, *, now: datetime) -> Grant | None:
        """What the secret stands for; only the first of many concurrent callers is told."""
        spent = await self._db.execute(
            grants.delete()
            .where(grants.c.key == key, grants.c.kind == kind.value, grants.c.expires_at > now)
            .returning(grants.c.user_id, grants.c.payload)
        )
        row = spent.first()
        return None if row is None else Grant(row[0], row[1])

    async def spend_code(self, key: str, code_hash: str, *, now: datetime) -> Grant | None:
        """The same for a short code, confirmed or not; a wrong one counts as a try."""
        spent = await self._db.execute(
            grants.delete()
            .where(*_tried(key, now), grants.c.code_hash == code_hash)
            .returning(grants.c.user_id, grants.c.payload)
        )
        row = spent.first()
        if row is None:
            await self._count_try(key, code_hash, now=now)
        return None if row is None else Grant(row[0], row[1])

    async def confirm_code(self, key: str, code_hash: str, *, now: datetime) -> bool:
        """Mark a short code as shown, once; it can still be spent. A wrong one counts as a try."""
        confirmed = await self._db.execute(
            grants.update()
            .where(*_tried(key, now), grants.c.code_hash == code_hash, grants.c.kind == Kind.EMAIL_CODE.value)
            .values(kind=Kind.EMAIL_CONFIRMED.value)
        )
        if confirmed.rowcount == 0:
            await self._count_try(key, code_hash, now=now)
        return confirmed.rowcount == 1

    async def _count_try(self, key: str, code_hash: str, *, now: datetime) -> None:
        await self._db.execute(
            grants.update()
            .where(*_tried(key, now), grants.c.code_hash != code_hash)
            .values(tries=grants.c.tries + 1)
        )

    async def drop(self, user: str, kind: Kind) -> None:
        """Forget all of a user's grants of that kind."""
        await self._db.execute(grants.delete().where(grants.c.user_id == user, grants.c.kind == kind.value))

    async def forget_expired(self, *, now: datetime) -> None:
        """Delete grants whose time has passed."""
        await self._db.execute(grants.delete().where(grants.c.expires_at <= now))


def _tried(key: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """A short code that may still be tried."""
    return (
        grants.c.key == key,
        grants.c.kind.in_([Kind.EMAIL_CODE.value, Kind.EMAIL_CONFIRMED.value]),
        grants.c.expires_at > now,
        grants.c.tries < TRIES,
    )

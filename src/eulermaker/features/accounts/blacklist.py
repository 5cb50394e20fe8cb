"""Addresses and domains that may not be used."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.accounts.faults import BLACKLIST_MISSING, EMAIL_REFUSED
from eulermaker.features.accounts.names import domain_of
from eulermaker.features.accounts.rights import administers
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.accounts.tables import email_blacklist
from eulermaker.kernel.call import Call, Permission

MAX_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class Refused:
    """An address, or `@domain` with all below it, and why."""

    pattern: str
    reason: str
    created_at: datetime


async def refuse_listed(connection: AsyncConnection, address: str) -> None:
    """Raise `email-refused` for an address on the blacklist, or in a domain on it."""
    labels = domain_of(address).split(".")
    patterns = [address, *(f"@{'.'.join(labels[start:])}" for start in range(len(labels)))]
    query = sa.select(email_blacklist.c.pattern).where(email_blacklist.c.pattern.in_(patterns))
    if (await connection.execute(query)).first() is not None:
        raise EMAIL_REFUSED()


class Blacklist:
    """Kept by administrators."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def list(self, call: Call) -> list[Refused]:
        """All that is on it."""
        call.require(Permission.USERS_READ)
        query = sa.select(email_blacklist).order_by(email_blacklist.c.pattern).limit(MAX_LISTED)
        async with self._accounts.database.read() as connection:
            return [Refused(*row) for row in await connection.execute(query)]

    async def add(self, call: Call, pattern: str, *, reason: str = "") -> Refused:
        """Put an address or an `@domain` on it."""
        administers(call)
        refused = Refused(pattern, reason, self._accounts.clock())
        async with self._accounts.database.write() as connection:
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            row = insert(email_blacklist).values(
                pattern=pattern, reason=reason, created_at=refused.created_at
            )
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=[email_blacklist.c.pattern], set_={"reason": row.excluded.reason}
                )
            )
            await self._record(connection, call, "blacklist.add", pattern)
        return refused

    async def remove(self, call: Call, pattern: str) -> None:
        """Take it off; raises `blacklist-entry-not-found`."""
        administers(call)
        async with self._accounts.database.write() as connection:
            removed = await connection.execute(
                email_blacklist.delete().where(email_blacklist.c.pattern == pattern)
            )
            if removed.rowcount == 0:
                raise BLACKLIST_MISSING(pattern=pattern[:64], details={"resource_type": "blacklist"})
            await self._record(connection, call, "blacklist.remove", pattern)

    async def _record(self, connection: AsyncConnection, call: Call, action: str, pattern: str) -> None:
        await self._accounts.audit.record(
            call, action, resource_type="blacklist", resource_id=pattern[:128], within=connection
        )

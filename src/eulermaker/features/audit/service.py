"""What the rest of the program may ask of the audit record."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.audit.store import AuditStore, Entry, Wanted
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.paging import Page

#: How many entries are read at once for an export.
EXPORTED = 500


class Audit:
    """Records who did what."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(
        self,
        call: Call,
        action: str,
        *,
        resource_type: str,
        resource_id: str,
        result: str = "ok",
        within: AsyncConnection | None = None,
        **details: Any,
    ) -> None:
        """Add an entry about what the caller did or tried, `within` a transaction if there is one."""
        entry = Entry(
            at=self._clock(),
            tenant_id=call.principal.tenant,
            user_id=call.principal.user,
            username=call.principal.username,
            action=action,
            resource_type=resource_type,
            resource_id=resource_id,
            address=call.address,
            result=result,
            details=details,
        )
        if within is not None:
            await AuditStore(within).add(entry)
            return
        async with self._database.write() as connection:
            await AuditStore(connection).add(entry)

    async def note(
        self,
        connection: AsyncConnection,
        action: str,
        *,
        tenant: str,
        user: str,
        username: str,
        resource_type: str,
        resource_id: str,
        address: str,
        result: str = "ok",
    ) -> None:
        """Add an entry, inside a transaction, about somebody who is not signed in."""
        await AuditStore(connection).add(
            Entry(
                at=self._clock(),
                tenant_id=tenant,
                user_id=user,
                username=username,
                action=action,
                resource_type=resource_type,
                resource_id=resource_id,
                address=address,
                result=result,
            )
        )

    async def of_resource(self, resource_type: str, resource_id: str, page: Page) -> list[Entry]:
        """The entries about one resource, newest first."""
        async with self._database.read() as connection:
            return await AuditStore(connection).of_resource(resource_type, resource_id, page)

    async def search(
        self, call: Call, wanted: Wanted, *, before: int | None, limit: int
    ) -> list[tuple[int, Entry]]:
        """Entries of the caller's tenant with their numbers, newest first."""
        call.require(Permission.AUDIT_READ)
        async with self._database.read() as connection:
            return await AuditStore(connection).before(
                call.principal.tenant, wanted, before=before, limit=limit
            )

    def export(self, call: Call, wanted: Wanted) -> AsyncIterator[Entry]:
        """All entries of the caller's tenant, oldest first, a page at a time."""
        call.require(Permission.AUDIT_READ)
        return self._all(call.principal.tenant, wanted)

    async def _all(self, tenant: str, wanted: Wanted) -> AsyncIterator[Entry]:
        last = 0
        while True:
            async with self._database.read() as connection:
                found = await AuditStore(connection).after(tenant, wanted, after=last, limit=EXPORTED)
            for number, entry in found:
                last = number
                yield entry
            if len(found) < EXPORTED:
                return

    async def forget(self, *, days: int) -> None:
        """Delete what is older than that; nothing else is ever taken out of the record."""
        async with self._database.write() as connection:
            await AuditStore(connection).forget_before(self._clock() - timedelta(days=days))

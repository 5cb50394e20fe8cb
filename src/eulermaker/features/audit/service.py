"""What the rest of the program may ask of the audit record."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.audit.store import AuditStore, Entry
from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.paging import Page


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

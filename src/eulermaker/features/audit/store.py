"""All SQL of the audit record: entries are added and read, never changed."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.audit.tables import audit_log
from eulermaker.kernel.paging import Page


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did; `result` is `ok` or the slug of the fault that it met."""

    at: datetime
    tenant_id: str
    user_id: str
    username: str
    action: str
    resource_type: str
    resource_id: str
    address: str
    result: str
    details: dict[str, Any] = field(default_factory=dict)


class AuditStore:
    """Reads and adds entries inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add(self, entry: Entry) -> None:
        """Add an entry."""
        await self._db.execute(audit_log.insert().values(asdict(entry)))

    async def of_resource(self, resource_type: str, resource_id: str, page: Page) -> list[Entry]:
        """The entries about one resource, newest first."""
        query = (
            sa.select(audit_log)
            .where(audit_log.c.resource_type == resource_type, audit_log.c.resource_id == resource_id)
            .order_by(audit_log.c.id.desc())
            .limit(page.limit)
            .offset(page.offset)
        )
        rows = await self._db.execute(query)
        return [Entry(**{k: v for k, v in row._mapping.items() if k != "id"}) for row in rows]

"""All SQL of the audit record: entries are added and read, never changed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.audit.tables import audit_log
from eulermaker.kernel.paging import Page

Key = tuple[datetime, str, str, str]


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

    @property
    def key(self) -> Key:
        """What two entries have in common only if they are the same."""
        return self.at, self.user_id, self.action, self.resource_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to find: those of which all that is given here holds; `user` is a name or an id."""

    user: str = ""
    action: str = ""
    resource_type: str = ""
    resource_id: str = ""
    result: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The same in SQL."""
        found = [
            getattr(audit_log.c, name) == getattr(self, name)
            for name in ("resource_type", "resource_id", "result", "address")
            if getattr(self, name)
        ]
        if self.user:
            found.append(sa.or_(audit_log.c.user_id == self.user, audit_log.c.username == self.user))
        if self.action:
            # `user` finds `user.create` and all else about users.
            found.append(
                sa.or_(
                    audit_log.c.action == self.action,
                    audit_log.c.action.startswith(f"{self.action}.", autoescape=True),
                )
            )
        if self.since is not None:
            found.append(audit_log.c.at >= self.since)
        if self.until is not None:
            found.append(audit_log.c.at < self.until)
        return found


class AuditStore:
    """Reads and adds entries inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add(self, entry: Entry) -> None:
        """Add an entry."""
        await self._db.execute(audit_log.insert().values(asdict(entry)))

    async def add_all(self, entries: Sequence[Entry]) -> None:
        """Add entries."""
        if entries:
            await self._db.execute(audit_log.insert(), [asdict(entry) for entry in entries])

    async def keys_since(self, moment: datetime) -> set[Key]:
        """The keys of the entries from that moment on."""
        columns = audit_log.c.at, audit_log.c.user_id, audit_log.c.action, audit_log.c.resource_id
        rows = await self._db.execute(sa.select(*columns).where(audit_log.c.at >= moment))
        return {(at, user, action, resource) for at, user, action, resource in rows}

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

    async def before(
        self, tenant: str, wanted: Wanted, *, before: int | None, limit: int
    ) -> list[tuple[int, Entry]]:
        """Entries with their numbers, newest first, those before a number."""
        numbered = [] if before is None else [audit_log.c.id < before]
        query = _of(tenant, wanted).where(*numbered).order_by(audit_log.c.id.desc()).limit(limit)
        return [_numbered(row) for row in await self._db.execute(query)]

    async def after(self, tenant: str, wanted: Wanted, *, after: int, limit: int) -> list[tuple[int, Entry]]:
        """Entries with their numbers, oldest first, those after a number."""
        query = _of(tenant, wanted).where(audit_log.c.id > after).order_by(audit_log.c.id).limit(limit)
        return [_numbered(row) for row in await self._db.execute(query)]

    async def forget_before(self, moment: datetime) -> None:
        """Delete what is older than that."""
        await self._db.execute(audit_log.delete().where(audit_log.c.at < moment))


def _of(tenant: str, wanted: Wanted) -> sa.Select[Any]:
    # Attempts to sign in with a name that nobody has belong to no tenant.
    return sa.select(audit_log).where(audit_log.c.tenant_id.in_([tenant, ""]), *wanted.conditions())


def _numbered(row: sa.Row[Any]) -> tuple[int, Entry]:
    fields = dict(row._mapping)
    return fields.pop("id"), Entry(**fields)

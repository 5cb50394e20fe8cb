"""All SQL of status pages."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.status_pages.schemas import StatusPage
from eulermaker.features.status_pages.tables import status_pages
from eulermaker.kernel.paging import Page


class StatusPageStore:
    """Status pages inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add(self, page: StatusPage) -> None:
        """Add a page."""
        await self._db.execute(status_pages.insert().values(_row(page)))

    async def replace(self, page: StatusPage) -> bool:
        """Put the page in the place of the one with its id; tells whether there is one."""
        done = await self._db.execute(
            status_pages.update().where(status_pages.c.id == page.id).values(_row(page))
        )
        return done.rowcount == 1

    async def remove(self, identifier: str) -> None:
        """Remove a page."""
        await self._db.execute(status_pages.delete().where(status_pages.c.id == identifier))

    async def get(self, identifier: str) -> StatusPage | None:
        """The page of that id."""
        return await self._one(status_pages.c.id == identifier)

    async def at(self, slug: str) -> StatusPage | None:
        """The page at that address."""
        return await self._one(status_pages.c.slug == slug)

    async def page(self, *, tenant: str, owner: str | None, page: Page) -> tuple[Sequence[StatusPage], int]:
        """Pages by title, and how many there are."""
        wanted = [status_pages.c.tenant_id == tenant]
        if owner is not None:
            wanted.append(status_pages.c.owner_id == owner)
        query = status_pages.select().where(*wanted).order_by(status_pages.c.title, status_pages.c.id)
        rows = await self._db.execute(query.limit(page.limit).offset(page.offset))
        total = await self._db.scalar(sa.select(sa.func.count()).select_from(status_pages).where(*wanted))
        return [StatusPage(**row._mapping) for row in rows], total or 0

    async def _one(self, where: sa.ColumnElement[bool]) -> StatusPage | None:
        row = (await self._db.execute(status_pages.select().where(where))).first()
        return None if row is None else StatusPage(**row._mapping)


def _row(page: StatusPage) -> dict[str, Any]:
    return {**asdict(page), "selector": dict(page.selector)}

"""All SQL of channels and maintenance windows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.notifications.rules import Channel, Window
from eulermaker.features.notifications.schemas import Weekly
from eulermaker.features.notifications.tables import channels, maintenance_windows
from eulermaker.kernel.paging import Page


class NotificationStore:
    """Channels and windows inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add_channel(self, channel: Channel) -> None:
        """Add a channel."""
        await self._db.execute(channels.insert().values(_plain(channel)))

    async def replace_channel(self, channel: Channel) -> bool:
        """Put the channel in the place of the one with its id; tells whether there is one."""
        values = {name: value for name, value in _plain(channel).items() if name != "id"}
        done = await self._db.execute(channels.update().where(channels.c.id == channel.id).values(values))
        return done.rowcount == 1

    async def remove_channel(self, identifier: str) -> bool:
        """Remove a channel; tells whether it was there."""
        done = await self._db.execute(channels.delete().where(channels.c.id == identifier))
        return done.rowcount == 1

    async def channel(self, identifier: str) -> Channel | None:
        """The channel of that id."""
        row = (await self._db.execute(channels.select().where(channels.c.id == identifier))).first()
        return None if row is None else _channel(row)

    async def channels_of(self, tenants: Collection[str]) -> list[Channel]:
        """Every enabled channel of the tenants."""
        query = channels.select().where(channels.c.tenant_id.in_(tenants), channels.c.enabled)
        return [_channel(row) for row in await self._db.execute(query)]

    async def page_of_channels(
        self, *, tenant: str, owner: str | None, page: Page
    ) -> tuple[Sequence[Channel], int]:
        """Channels by name, and how many there are."""
        rows, total = await self._page(channels, tenant=tenant, owner=owner, page=page)
        return [_channel(row) for row in rows], total

    async def add_window(self, window: Window) -> None:
        """Add a maintenance window."""
        await self._db.execute(maintenance_windows.insert().values(_plain(window)))

    async def replace_window(self, window: Window) -> bool:
        """Put the window in the place of the one with its id; tells whether there is one."""
        values = {name: value for name, value in _plain(window).items() if name != "id"}
        done = await self._db.execute(
            maintenance_windows.update().where(maintenance_windows.c.id == window.id).values(values)
        )
        return done.rowcount == 1

    async def remove_window(self, identifier: str) -> bool:
        """Remove a window; tells whether it was there."""
        query = maintenance_windows.delete().where(maintenance_windows.c.id == identifier)
        return (await self._db.execute(query)).rowcount == 1

    async def window(self, identifier: str) -> Window | None:
        """The window of that id."""
        query = maintenance_windows.select().where(maintenance_windows.c.id == identifier)
        row = (await self._db.execute(query)).first()
        return None if row is None else _window(row)

    async def windows_of(self, tenants: Collection[str], *, now: datetime) -> list[Window]:
        """The windows of the tenants that may be on now."""
        ends = maintenance_windows.c.ends_at
        query = maintenance_windows.select().where(
            maintenance_windows.c.tenant_id.in_(tenants), sa.or_(ends.is_(None), ends > now)
        )
        return [_window(row) for row in await self._db.execute(query)]

    async def page_of_windows(
        self, *, tenant: str, owner: str | None, page: Page
    ) -> tuple[Sequence[Window], int]:
        """Windows by name, and how many there are."""
        rows, total = await self._page(maintenance_windows, tenant=tenant, owner=owner, page=page)
        return [_window(row) for row in rows], total

    async def forget_windows(self, *, before: datetime) -> None:
        """Delete the windows whose end is that long ago."""
        await self._db.execute(maintenance_windows.delete().where(maintenance_windows.c.ends_at < before))

    async def _page(
        self, table: sa.Table, *, tenant: str, owner: str | None, page: Page
    ) -> tuple[Sequence[sa.Row[Any]], int]:
        wanted = [table.c.tenant_id == tenant]
        if owner is not None:
            wanted.append(table.c.owner_id == owner)
        query = table.select().where(*wanted).order_by(table.c.name, table.c.id)
        rows = await self._db.execute(query.limit(page.limit).offset(page.offset))
        total = await self._db.scalar(sa.select(sa.func.count()).select_from(table).where(*wanted))
        return rows.all(), total or 0


def _plain(record: Channel | Window) -> dict[str, Any]:
    values = {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in asdict(record).items()
    }
    if isinstance(record, Window):
        values["weekly"] = record.weekly.model_dump(mode="json") if record.weekly else None
    else:
        values["events"] = list(record.events)
    return values


def _channel(row: sa.Row[Any]) -> Channel:
    return Channel(**row._mapping)


def _window(row: sa.Row[Any]) -> Window:
    values = dict(row._mapping)
    values["weekly"] = Weekly.model_validate(values["weekly"]) if values["weekly"] else None
    return Window(**values)

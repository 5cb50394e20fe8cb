"""Maintenance mode: an administrator keeps writes out for a while, in every process of the database."""

from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from pydantic import BaseModel

from eulermaker.features.audit.service import Audit
from eulermaker.features.system.faults import MAINTENANCE
from eulermaker.features.system.store import StateStore
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock, rfc3339
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault, InvalidFields

KEY = "maintenance"
#: How often the other processes look; a change is known to all within two seconds.
LOOK_SECONDS = 1.0
MAX_RETRY_SECONDS = 3600

MaintenanceType = Literal["scheduled", "emergency"]


class Window(BaseModel, frozen=True):
    """Maintenance that is going on; it ends by itself at `until`, else when it is ended."""

    type: MaintenanceType
    message: str
    until: datetime | None
    since: datetime
    started_by: str


def ongoing(window: Window | None, now: datetime) -> Window | None:
    """The window, unless its time is over."""
    return None if window is None or (window.until is not None and window.until <= now) else window


def refusal(window: Window, now: datetime) -> Fault:
    """The fault that writes meet during the window."""
    left = None if window.until is None else ceil((window.until - now) / timedelta(seconds=1))
    return MAINTENANCE(
        message=window.message,
        retry_after=None if left is None else min(max(left, 1), MAX_RETRY_SECONDS),
        details={
            "maintenanceType": window.type,
            "estimatedEndTime": None if window.until is None else rfc3339(window.until),
            "message": window.message,
        },
    )


class Maintenance:
    """Whether writes are kept out; answered from memory."""

    def __init__(self, database: Database, audit: Audit, *, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._window: Window | None = None
        self._changes = 0

    @property
    def current(self) -> Window | None:
        """The maintenance that goes on now."""
        return ongoing(self._window, self._clock())

    def refusal(self) -> Fault | None:
        """The fault to answer writes with, if they are kept out now."""
        if self._window is None:
            return None
        now = self._clock()
        window = ongoing(self._window, now)
        return None if window is None else refusal(window, now)

    async def begin(
        self, call: Call, *, kind: MaintenanceType, message: str, until: datetime | None
    ) -> Window:
        """Keep writes out from now on; raises InvalidFields where `until` is not ahead."""
        call.require(Permission.SYSTEM_WRITE)
        now = self._clock()
        if until is not None and until <= now:
            raise InvalidFields.one(
                "until", zh="维护结束时间必须晚于当前时间", en="The end has to be later than now"
            )
        window = Window(
            type=kind, message=message, until=until, since=now, started_by=call.principal.username
        )
        async with self._database.write() as connection:
            await StateStore(connection).put(KEY, window.model_dump(mode="json"), now=now)
        self._set(window)
        await self._audit.record(
            call, "maintenance.begin", resource_type="system", resource_id=KEY, message=message
        )
        return window

    async def end(self, call: Call) -> None:
        """Let writes in again; nothing happens when they are let in already."""
        call.require(Permission.SYSTEM_WRITE)
        async with self._database.write() as connection:
            await StateStore(connection).remove(KEY)
        self._set(None)
        await self._audit.record(call, "maintenance.end", resource_type="system", resource_id=KEY)

    async def look(self) -> None:
        """See what other processes have set."""
        changes = self._changes
        async with self._database.read() as connection:
            value = await StateStore(connection).get(KEY)
        # What was set here while we read is newer than what we read.
        if changes == self._changes:
            self._window = None if value is None else Window.model_validate(value)

    def _set(self, window: Window | None) -> None:
        self._window = window
        self._changes += 1

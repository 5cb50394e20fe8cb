"""The root task group: every task has an owner, and one that dies takes the process with it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import anyio
import structlog
from anyio.abc import TaskStatus

from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.supervise")


class Service(Protocol):
    """Something that runs for as long as the server does."""

    __qualname__: str

    def __call__(self) -> Awaitable[None]:
        """Run it."""
        ...


class ServiceEnded(Exception):
    """A service returned although nobody asked it to stop."""


async def run_services(services: Mapping[str, Service], *, task_status: TaskStatus[None]) -> None:
    """Run the services until cancelled; one that ends or raises ends them all.

    Raises ServiceEnded when a service returns, else what the service raised.
    """

    async def watch(name: str, service: Service) -> None:
        await service()
        raise ServiceEnded(name)

    async with anyio.create_task_group() as group:
        for name, service in services.items():
            group.start_soon(watch, name, service, name=name)
        task_status.started()


async def every(seconds: float, work: Service) -> None:
    """Service: do the work again and again; one that cannot be done now waits for the next turn."""
    while True:
        try:
            await work()
        except Fault as fault:
            if not fault.entry.retryable:
                raise
            log.warning("service.postponed", work=work.__qualname__, fault=fault.entry.slug)
        await anyio.sleep(seconds)


async def whenever(nudge: "Nudge", seconds: float, look: Callable[[], Awaitable[bool]]) -> None:
    """Service: look until there is nothing more, then again when nudged or after so many seconds.

    `look` tells whether there may be more; one that cannot be made now waits for the next turn.
    """
    while True:
        try:
            while await look():
                pass
        except Fault as fault:
            if not fault.entry.retryable:
                raise
            log.warning("service.postponed", work=look.__qualname__, fault=fault.entry.slug)
        await nudge.wait(seconds)


class Nudge:
    """Wakes whoever waits; a nudge given while nobody waits is kept, several count as one."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = anyio.Event()

    def give(self) -> None:
        """Wake the waiter."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when nudged, or after `seconds` at the latest: a lost nudge costs only time."""
        # No scope with a deadline: uvloop's timers come up to a millisecond early, and anyio's deadlines
        # spin for the rest of it.
        timer = asyncio.get_running_loop().call_later(seconds, self._event.set)
        try:
            await self._event.wait()
        finally:
            timer.cancel()
        self._event = anyio.Event()

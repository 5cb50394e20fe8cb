"""The live view: all containers of one engine in memory, kept true by the engine's events.

A pump: connect, list and compare, then events, then a comparison again now and then. An event is
only ever a hint to look again; what is believed is what the engine then says of the container.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from eulermaker.engines.containers import Container, Containers, EngineEvent, Status
from eulermaker.engines.port import ENGINE_UNAVAILABLE
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.containers")

RESYNC_SECONDS = 60.0
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
# The engine skips a reader that is slow for 100 ms: events are taken off it at once and wait here.
BACKLOG = 65_536
INSPECTIONS = 4

Origin = Literal["event", "resync", "gap"]
#: Actions that change what the view shows; the rest (exec_…, top, archive-path) only makes noise.
ACTIONS = frozenset(
    {
        "create", "start", "restart", "stop", "die", "kill", "oom", "pause", "unpause", "rename", "update",
        "destroy", "health_status", "attach", "detach",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a container, as subscribers are told.

    `origin` is `resync` for what a comparison found out, and `gap` (without a container) where
    events may have been lost.
    """

    action: str
    container: str
    name: str
    image: str
    at_ns: int
    attributes: dict[str, str]
    origin: Origin = "event"


class LiveView:
    """The containers of one engine, answered from memory."""

    def __init__(self, engine: Containers, publish: Callable[[Change], None]) -> None:
        self._engine = engine
        self._publish = publish
        self._containers: dict[str, Container] = {}
        self._names: dict[str, str] = {}
        self._newest_first: tuple[Container, ...] | None = ()
        self._dirty: dict[str, None] = {}
        self._work = anyio.Event()
        self._last_ns: int | None = None
        self._connected = False
        #: Changes with every change; what was made from the view is true while it stays.
        self.version = 0

    @property
    def connected(self) -> bool:
        """Whether the view follows the engine now."""
        return self._connected

    def require_connected(self) -> None:
        """Raise `engine-unavailable` while the view does not follow the engine."""
        if not self._connected:
            raise ENGINE_UNAVAILABLE()

    def newest_first(self) -> Sequence[Container]:
        """All containers."""
        if self._newest_first is None:
            order = sorted(self._containers.values(), key=lambda c: (c.created_at, c.id), reverse=True)
            self._newest_first = tuple(order)
        return self._newest_first

    def find(self, reference: str) -> Container | None:
        """The container by `container_<12 hex>`, id, unambiguous id prefix, or name."""
        plain = reference.removeprefix("container_")
        found = self._containers.get(plain) or self._containers.get(self._names.get(reference, ""))
        if found is not None or not plain or not all(c in "0123456789abcdef" for c in plain):
            return found
        matches = [c for c in self._containers if c.startswith(plain)]
        return self._containers[matches[0]] if len(matches) == 1 else None

    def assume(self, container: str, *, status: Status, started_at: datetime | None = None) -> None:
        """Show at once what an action of ours has done; the event that follows corrects it."""
        known = self._containers.get(container)
        if known is not None:
            self._put(replace(known, status=status, started_at=started_at or known.started_at))

    async def refresh(self, container: str) -> Container | None:
        """Look at a container again, now."""
        seen = await self._engine.get(container)
        if seen is None:
            self._drop(container)
        else:
            self._put(seen)
        return seen

    async def run(self) -> None:
        """Service: follow the engine for as long as the server runs."""
        failures = 0
        while True:
            try:
                async with aclosing(self._engine.events(since_ns=self._last_ns)) as events:
                    await anext(events)
                    failures = 0
                    await self._follow(events)
            except* Fault as group:
                for fault in _leaves(group):
                    if not fault.entry.retryable:
                        raise
            if self._connected:
                log.warning("view.disconnected")
            self._connected = False
            await anyio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1

    async def _follow(self, events: AsyncIterator[EngineEvent | None]) -> None:
        send, receive = anyio.create_memory_object_stream[EngineEvent](BACKLOG)
        async with anyio.create_task_group() as group:
            group.start_soon(_take_off, events, send)
            await self._resync(first=self._last_ns is None)
            self._connected = True
            log.info("view.connected", containers=len(self._containers))
            for _ in range(INSPECTIONS):
                group.start_soon(self._inspect_dirty)
            group.start_soon(self._resync_periodically)
            await self._apply(receive)

    async def _apply(self, events: MemoryObjectReceiveStream[EngineEvent]) -> None:
        resumed_from = self._last_ns
        seen: set[tuple[int, str, str]] = set()
        overlap = resumed_from is None
        async for event in events:
            if resumed_from is not None and event.at_ns <= resumed_from:
                # `since` is inclusive: meeting the last known event again proves that nothing is missing.
                overlap = overlap or event.at_ns == resumed_from
                continue
            if not overlap:
                overlap = True
                self._publish(Change("gap", "", "", "", event.at_ns, {}, origin="gap"))
            key = (event.at_ns, event.id, event.action)
            if key in seen:
                continue
            seen = {k for k in seen if k[0] == event.at_ns} | {key}
            self._last_ns = event.at_ns
            self._note(event)

    def _note(self, event: EngineEvent) -> None:
        container = event.id if event.kind == "container" else event.attributes.get("container", "")
        action = event.action.partition(":")[0]
        if not container or (event.kind == "container" and action not in ACTIONS):
            return
        if event.kind == "container":
            name, image = event.attributes.get("name", ""), event.attributes.get("image", "")
            self._publish(Change(action, container, name, image, event.at_ns, dict(event.attributes)))
        if action == "destroy":
            self._drop(container)
        else:
            self._look_at(container)

    def _look_at(self, container: str) -> None:
        self._dirty[container] = None
        work, self._work = self._work, anyio.Event()
        work.set()

    async def _inspect_dirty(self) -> None:
        while True:
            work = self._work
            while self._dirty:
                container = next(iter(self._dirty))
                # Taken out before looking: an event that comes meanwhile asks for another look.
                del self._dirty[container]
                await self.refresh(container)
            await work.wait()

    async def _resync_periodically(self) -> None:
        while True:
            await anyio.sleep(RESYNC_SECONDS)
            await self._resync(first=False)

    async def _resync(self, *, first: bool) -> None:
        """Compare with the engine's list: what differs is looked at and, after the first time, told."""
        listed = {c.id: c for c in await self._engine.list()}
        for gone in self._containers.keys() - listed.keys():
            known = self._containers[gone]
            self._drop(gone)
            if not first:
                self._publish(_found_out("destroy", known))
        for container in listed.values():
            known_one = self._containers.get(container.id)
            if known_one is None:
                self._put(container)
                self._look_at(container.id)
                if not first:
                    self._publish(_found_out("create", container))
            elif (known_one.status, known_one.name) != (container.status, container.name):
                self._look_at(container.id)
                self._publish(_found_out(container.status.value, container))

    def _put(self, container: Container) -> None:
        known = self._containers.get(container.id)
        if known is not None and known.name != container.name:
            self._names.pop(known.name, None)
        self._containers[container.id] = container
        self._names[container.name] = container.id
        self._changed()

    def _drop(self, container: str) -> None:
        self._dirty.pop(container, None)
        known = self._containers.pop(container, None)
        if known is not None:
            if self._names.get(known.name) == container:
                del self._names[known.name]
            self._changed()

    def _changed(self) -> None:
        self._newest_first = None
        self.version += 1


async def _take_off(
    events: AsyncIterator[EngineEvent | None], send: MemoryObjectSendStream[EngineEvent]
) -> None:
    async with send:
        async for event in events:
            if event is not None:
                try:
                    send.send_nowait(event)
                except anyio.WouldBlock:
                    # More than can be kept: connect again, compare, and tell of the gap.
                    raise ENGINE_UNAVAILABLE() from None


def _found_out(action: str, container: Container) -> Change:
    return Change(action, container.id, container.name, container.image, 0, {}, origin="resync")


def _leaves(group: BaseExceptionGroup[Fault]) -> list[Fault]:
    found: list[Fault] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found

"""The live view: all containers of one engine in memory, kept true by the engine's events.

A pump: connect, list and compare, then events, then a comparison again now and then. An event is
only ever a hint to look again; what is believed is what the engine then says of the container.
"""

from bisect import bisect_left, insort
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from eulermaker.engines.containers import Container, Containers, EngineEvent
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.containers")

RESYNC_SECONDS = 60.0
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
#: How long events that are on their way may explain what a comparison has found.
SETTLE_SECONDS = 0.25
# The engine skips a reader that is slow for 100 ms: events are taken off it at once and wait here.
BACKLOG = 65_536
INSPECTIONS = 4
SHORT_ID = 12

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
    events may have been lost; `attributes` are the engine's, the container's labels among them.
    """

    action: str
    container: str
    name: str
    image: str
    at_ns: int
    attributes: dict[str, str]
    origin: Origin = "event"


class LiveView:
    """The containers of one engine, answered from memory.

    `since_ns` is the time of the last event that was known before: what happened after it is told.
    """

    def __init__(
        self,
        engine: Containers,
        publish: Callable[[Change], None],
        *,
        clock: Clock,
        since_ns: int | None = None,
    ) -> None:
        self._engine = engine
        self._publish = publish
        self._clock = clock
        self._containers: dict[str, Container] = {}
        self._names: dict[str, str] = {}
        self._short: dict[str, str] = {}
        self._order: list[tuple[datetime, str]] = []
        self._newest_first: tuple[Container, ...] | None = ()
        self._dirty: dict[str, None] = {}
        self._work = anyio.Event()
        self._bells: dict[str, anyio.Event] = {}
        self._looks = _Looks()
        self._last_ns = since_ns
        self._compared = False
        #: What the last comparison showed and no event has told, by container.
        self._unexplained: dict[str, Change] = {}
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
            self._newest_first = tuple(self._containers[key[1]] for key in reversed(self._order))
        return self._newest_first

    def find(self, reference: str) -> Container | None:
        """The container by `container_<12 hex>`, id, unambiguous id prefix, or name."""
        plain = reference.removeprefix("container_")
        known = self._short.get(plain, plain)
        found = self._containers.get(known) or self._containers.get(self._names.get(reference, ""))
        if found is not None or not plain or not all(c in "0123456789abcdef" for c in plain):
            return found
        matches = [c for c in self._containers if c.startswith(plain)]
        return self._containers[matches[0]] if len(matches) == 1 else None

    def listen(self, container: str) -> anyio.Event:
        """An event that the container's next change sets; take it before looking, so that none is missed."""
        return self._bells.setdefault(container, anyio.Event())

    def assume(self, seen: Container, assumed: Container) -> None:
        """Show at once what an action of ours has made of a container, as it was `seen` before.

        Where the engine has told of another status meanwhile, nothing is assumed; what is assumed is
        looked after at once.
        """
        known = self._containers.get(seen.id)
        if known is not None and known.status is seen.status:
            self._put(
                replace(
                    known,
                    status=assumed.status,
                    started_at=assumed.started_at,
                    finished_at=assumed.finished_at,
                )
            )
        self._look_at(seen.id)

    def forget(self, container: str) -> None:
        """Show at once that an action of ours has removed the container."""
        self._drop(container)

    async def refresh(self, container: str) -> Container | None:
        """Look at a container again, now."""
        with self._looks.one(container) as look:
            seen = await self._engine.get(container)
            if look.overtaken:
                # Something newer is known than what this look may have seen: only a later one can tell.
                self._look_at(container)
                return self._containers.get(container)
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
                faults = [fault.entry.slug for fault in _leaves(group)]
                log.warning("view.disconnected", was_connected=self._connected, faults=faults)
            self._connected = False
            self._ring_all()
            await anyio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1

    async def _follow(self, events: AsyncIterator[EngineEvent | None]) -> None:
        send, receive = anyio.create_memory_object_stream[EngineEvent](BACKLOG)
        overlap = _Overlap(self._last_ns)
        async with receive, anyio.create_task_group() as group:
            group.start_soon(_take_off, events, send)
            await self._compare()
            self._connected = True
            self._ring_all()
            log.info("view.connected", containers=len(self._containers))
            for _ in range(INSPECTIONS):
                group.start_soon(self._inspect_dirty)
            group.start_soon(self._settle_and_compare_again, overlap)
            await self._apply(receive, overlap)

    async def _apply(self, events: MemoryObjectReceiveStream[EngineEvent], overlap: "_Overlap") -> None:
        async for event in events:
            if overlap.is_known(event):
                continue
            self._tell_gap(overlap, event.at_ns)
            self._last_ns = event.at_ns
            self._note(event)

    def _tell_gap(self, overlap: "_Overlap", at_ns: int) -> None:
        if not overlap.proven:
            overlap.proven = True
            self._publish(Change("gap", "", "", "", at_ns, {}, origin="gap"))

    def _note(self, event: EngineEvent) -> None:
        container = event.id if event.kind == "container" else event.attributes.get("container", "")
        action = event.action.partition(":")[0]
        if not container or (event.kind == "container" and action not in ACTIONS):
            return
        if event.kind == "container":
            name, image = event.attributes.get("name", ""), event.attributes.get("image", "")
            self._unexplained.pop(container, None)
            self._publish(Change(event.action, container, name, image, event.at_ns, dict(event.attributes)))
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
                try:
                    await self.refresh(container)
                except Fault as fault:
                    if fault.entry is not ENGINE_REFUSED:
                        raise
                    # The engine cannot describe this one now; the next event or comparison asks again.
                    log.warning("view.container_refused", container=container)
            await work.wait()

    async def _settle_and_compare_again(self, overlap: "_Overlap") -> None:
        while True:
            await anyio.sleep(SETTLE_SECONDS)
            found = [change for change in self._unexplained.values() if self._is_true(change)]
            self._unexplained = {}
            # What no event has told was lost on the way, and maybe more with it.
            overlap.proven = overlap.proven and not found
            self._tell_gap(overlap, self._now_ns())
            for change in found:
                self._publish(change)
            await anyio.sleep(RESYNC_SECONDS)
            await self._compare()

    async def _compare(self) -> None:
        """Compare with the engine's list: what differs is looked at, and told unless events tell it."""
        listed = {c.id: c for c in await self._engine.list()}
        found: dict[str, Change] = {}
        for gone in self._containers.keys() - listed.keys():
            # Gone, or younger than the list: a look tells.
            self._look_at(gone)
            found[gone] = self._found_out("destroy", self._containers[gone])
        for container in listed.values():
            known = self._containers.get(container.id)
            if container.id in self._dirty or self._looks.under_way(container.id):
                continue
            if known is None:
                self._put(container)
                found[container.id] = self._found_out("create", container)
            elif (known.status, known.name) != (container.status, container.name):
                found[container.id] = self._found_out(container.status.value, container)
            if container.id in found or (known is not None and known.config is None):
                self._look_at(container.id)
        self._unexplained = found if self._compared else {}
        self._compared = True

    def _is_true(self, change: Change) -> bool:
        known = self._containers.get(change.container)
        if known is None or change.action == "destroy":
            return known is None and change.action == "destroy"
        return change.action in ("create", known.status.value)

    def _put(self, container: Container) -> None:
        known = self._containers.get(container.id)
        self._looks.settle(container.id)
        if known == container:
            return
        self._containers[container.id] = container
        if known is None:
            self._short[container.id[:SHORT_ID]] = container.id
            insort(self._order, (container.created_at, container.id))
        elif (known.created_at, known.name) != (container.created_at, container.name):
            self._leave_order(known)
            insort(self._order, (container.created_at, container.id))
            self._leave_name(known)
        self._names[container.name] = container.id
        self._changed(container.id)

    def _drop(self, container: str) -> None:
        self._dirty.pop(container, None)
        self._looks.settle(container)
        known = self._containers.pop(container, None)
        if known is not None:
            self._short.pop(container[:SHORT_ID], None)
            self._leave_order(known)
            self._leave_name(known)
            self._changed(container)

    def _leave_order(self, known: Container) -> None:
        del self._order[bisect_left(self._order, (known.created_at, known.id))]

    def _leave_name(self, known: Container) -> None:
        if self._names.get(known.name) == known.id:
            del self._names[known.name]

    def _changed(self, container: str) -> None:
        self._newest_first = None
        self.version += 1
        if bell := self._bells.pop(container, None):
            bell.set()

    def _ring_all(self) -> None:
        bells, self._bells = self._bells, {}
        for bell in bells.values():
            bell.set()

    def _found_out(self, action: str, container: Container) -> Change:
        labels = dict(container.labels)
        return Change(
            action, container.id, container.name, container.image, self._now_ns(), labels, origin="resync"
        )

    def _now_ns(self) -> int:
        return int(self._clock().timestamp() * 1e9)


class _Overlap:
    """Whether a stream of events goes on where the last one ended, and which of its events are known."""

    def __init__(self, resumed_from: int | None) -> None:
        self._resumed_from = resumed_from
        self._seen: set[tuple[int, str, str]] = set()
        #: Whether nothing can be missing; there is nothing to miss before the first event ever.
        self.proven = resumed_from is None

    def is_known(self, event: EngineEvent) -> bool:
        """Whether the event was told before."""
        if self._resumed_from is not None and event.at_ns <= self._resumed_from:
            # `since` is inclusive: meeting the last known event again proves that nothing is missing.
            self.proven = self.proven or event.at_ns == self._resumed_from
            return True
        key = (event.at_ns, event.id, event.action)
        known = key in self._seen
        self._seen = {k for k in self._seen if k[0] == event.at_ns} | {key}
        return known


class _Look:
    """One question to the engine about a container that is under way."""

    def __init__(self) -> None:
        #: Whether something newer than the question has become known.
        self.overtaken = False


class _Looks:
    """The questions under way, so that an answer never replaces what is newer than its question."""

    def __init__(self) -> None:
        self._open: dict[str, list[_Look]] = {}

    @contextmanager
    def one(self, container: str) -> Iterator[_Look]:
        """A block in which the engine is asked about the container."""
        look = _Look()
        looks = self._open.setdefault(container, [])
        looks.append(look)
        try:
            yield look
        finally:
            looks.remove(look)
            if not looks:
                del self._open[container]

    def under_way(self, container: str) -> bool:
        """Whether the engine is being asked about the container now."""
        return container in self._open

    def settle(self, container: str) -> None:
        """Something became known about the container: the questions under way may be older."""
        for look in self._open.get(container, ()):
            look.overtaken = True


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


def _leaves(group: BaseExceptionGroup[Fault]) -> list[Fault]:
    found: list[Fault] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found

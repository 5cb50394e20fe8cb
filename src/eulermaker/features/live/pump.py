"""The one stream of an engine's events: connect, list and compare, follow, compare again now and then."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from eulermaker.engines.containers import EngineEvent
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.features.live.changes import Change
from eulermaker.features.live.mirror import AnyMirror, Publish
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.live")

RESYNC_SECONDS = 60.0
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
#: How long events that are on their way may explain what a comparison has found.
SETTLE_SECONDS = 0.25
# The engine skips a reader that is slow for 100 ms: events are taken off it at once and wait here.
BACKLOG = 65_536
#: Questions to the engine at once, for each kind.
INSPECTIONS = 4


class Source(Protocol):
    """Whatever tells an engine's events."""

    def events(self, *, since_ns: int | None) -> AsyncGenerator[EngineEvent | None, None]:
        """The events from `since_ns` on, after a None that says that the stream stands."""
        ...


class Pump:
    """Keeps mirrors true and tells what changes.

    `since_ns` is the time of the last event that was known before: what happened after it is told.
    """

    def __init__(
        self,
        engine: Source,
        mirrors: Sequence[AnyMirror],
        publish: Publish,
        *,
        clock: Clock,
        since_ns: int | None = None,
    ) -> None:
        self._engine = engine
        self._mirrors = mirrors
        self._publish = publish
        self._clock = clock
        self._last_ns = since_ns

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
                log.warning("live.disconnected", faults=faults)
            self._disconnect()
            await anyio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1

    async def _follow(self, events: AsyncIterator[EngineEvent | None]) -> None:
        send, receive = anyio.create_memory_object_stream[EngineEvent](BACKLOG)
        overlap = _Overlap(self._last_ns)
        async with receive, anyio.create_task_group() as group:
            group.start_soon(_take_off, events, send)
            await self._compare()
            log.info("live.connected", **{f"{mirror.kind}s": mirror.known() for mirror in self._mirrors})
            for mirror in self._mirrors:
                for _ in range(INSPECTIONS):
                    group.start_soon(mirror.inspect)
            group.start_soon(self._settle_and_compare_again, overlap)
            await self._apply(receive, overlap)

    async def _apply(self, events: MemoryObjectReceiveStream[EngineEvent], overlap: "_Overlap") -> None:
        async for event in events:
            if overlap.is_known(event):
                continue
            self._tell_gap(overlap, event.at_ns)
            self._last_ns = event.at_ns
            for mirror in self._mirrors:
                mirror.note(event)

    def _tell_gap(self, overlap: "_Overlap", at_ns: int) -> None:
        if not overlap.proven:
            overlap.proven = True
            self._publish(Change("gap", "", "", "", at_ns, {}, origin="gap"))

    async def _settle_and_compare_again(self, overlap: "_Overlap") -> None:
        compared = anyio.current_time()
        while True:
            await anyio.sleep(SETTLE_SECONDS)
            found = [c for mirror in self._mirrors for c in mirror.settled(after=SETTLE_SECONDS * 0.9)]
            # What no event has told was lost on the way, and maybe more with it; but engines tell
            # nothing of the images that BuildKit makes.
            overlap.proven = overlap.proven and all(change.kind == "image" for change in found)
            self._tell_gap(overlap, int(self._clock().timestamp() * 1e9))
            for change in found:
                self._publish(change)
            if anyio.current_time() - compared >= RESYNC_SECONDS:
                await self._compare()
                compared = anyio.current_time()

    async def _compare(self) -> None:
        async with anyio.create_task_group() as group:
            for mirror in self._mirrors:
                group.start_soon(_compare_one, mirror)

    def _disconnect(self) -> None:
        for mirror in self._mirrors:
            mirror.set_connected(connected=False)


async def _compare_one(mirror: AnyMirror) -> None:
    try:
        await mirror.compare()
    except Fault as fault:
        if fault.entry is not ENGINE_REFUSED:
            raise
        # An engine that cannot list one kind can have others in order.
        log.warning("live.list_refused", kind=mirror.kind)
    mirror.set_connected(connected=mirror.compared)


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

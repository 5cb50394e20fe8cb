"""A container's counters as they are shown, and one engine stream for all who watch a container."""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

import anyio
from anyio.abc import TaskGroup

from eulermaker.engines.containers import Containers, Usage
from eulermaker.features.containers import schemas
from eulermaker.kernel.faults import Fault

#: How long the engine's stream stays open after its last viewer.
LINGER_SECONDS = 10.0
FIRST_SAMPLE_SECONDS = 0.25
MAX_REMEMBERED = 4096
OLDEST_PREVIOUS = timedelta(seconds=60)
YOUNGEST_PREVIOUS = timedelta(milliseconds=100)


def shown(previous: Usage | None, now: Usage) -> schemas.Stats:
    """The sample as it is shown; without a previous one nothing is known of the CPU's use."""
    return schemas.Stats(
        cpu_usage=schemas.CpuUsage(
            total_usage=now.cpu_total, usage_percent=cpu_percent(previous, now), cores=now.cpus
        ),
        memory_usage=schemas.MemoryUsage(
            usage=now.memory,
            limit=now.memory_limit,
            usage_percent=round(100 * now.memory / now.memory_limit, 2) if now.memory_limit else 0.0,
        ),
        network_io=schemas.NetworkIo(rx_bytes=now.rx_bytes, tx_bytes=now.tx_bytes),
        block_io=schemas.BlockIo(read_bytes=now.read_bytes, write_bytes=now.write_bytes),
        pids=now.pids,
        timestamp=now.at,
    )


def cpu_percent(previous: Usage | None, now: Usage) -> float:
    """Δcontainer / Δsystem × CPUs × 100: 100 is one core."""
    if previous is None or now.cpu_system <= previous.cpu_system or now.cpu_total < previous.cpu_total:
        return 0.0
    share = (now.cpu_total - previous.cpu_total) / (now.cpu_system - previous.cpu_system)
    return round(share * now.cpus * 100, 2)


class StatsHub:
    """Samples of containers: at once, or shared streams."""

    def __init__(self, engine: Containers) -> None:
        self._engine = engine
        self._feeds: dict[str, _Feed] = {}
        self._last: OrderedDict[str, Usage] = OrderedDict()
        self._group: TaskGroup | None = None

    @property
    def open_streams(self) -> int:
        """How many streams of the engine are open."""
        return len(self._feeds)

    async def run(self) -> None:
        """Service: owns the engine's streams."""
        async with anyio.create_task_group() as self._group:
            await anyio.sleep_forever()

    async def once(self, container: str) -> schemas.Stats:
        """A sample, its CPU share since the last one of the last minute, else over a moment.

        Takes up to a second, since the engine itself looks but once a second.
        """
        feed = self._feeds.get(container)
        if feed is not None and feed.settled and feed.latest is not None:
            return feed.latest
        now = await self._engine.usage_once(container)
        previous = self._last.get(container)
        if previous is None or not YOUNGEST_PREVIOUS <= now.at - previous.at <= OLDEST_PREVIOUS:
            previous = now
            await anyio.sleep(FIRST_SAMPLE_SECONDS)
            now = await self._engine.usage_once(container)
        self._remember(container, now)
        return shown(previous, now)

    async def watch(self, container: str) -> AsyncGenerator[schemas.Stats, None]:
        """A sample a second until the container stops; one that is slow misses samples, not others.

        Raises what the engine's stream raised.
        """
        feed = self._feeds.get(container)
        if feed is None or feed.ended:
            assert self._group is not None, "the hub's service runs"
            feed = self._feeds[container] = _Feed()
            self._group.start_soon(self._pump, container, feed)
        feed.viewers += 1
        feed.viewers_changed.set()
        try:
            if feed.latest is not None:
                yield feed.latest
            seen = feed.latest
            while True:
                bell = feed.bell
                if feed.latest is not None and feed.latest is not seen:
                    seen = feed.latest
                    yield feed.latest
                elif feed.ended:
                    break
                else:
                    await bell.wait()
            if feed.fault is not None:
                raise feed.fault
        finally:
            feed.viewers -= 1
            feed.viewers_changed.set()

    async def _pump(self, container: str, feed: "_Feed") -> None:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_end_when_unwatched, feed, group.cancel_scope)
                previous: Usage | None = None
                async with aclosing(self._engine.usage(container)) as samples:
                    async for sample in samples:
                        feed.tell(shown(previous, sample))
                        previous = sample
                        self._remember(container, sample)
                group.cancel_scope.cancel()
        except* Fault as group_of_one:
            feed.fault = _first(group_of_one)
        finally:
            if self._feeds.get(container) is feed:
                del self._feeds[container]
            feed.end()

    def _remember(self, container: str, sample: Usage) -> None:
        self._last[container] = sample
        self._last.move_to_end(container)
        if len(self._last) > MAX_REMEMBERED:
            self._last.popitem(last=False)


class _Feed:
    """One stream of the engine and those who watch it."""

    def __init__(self) -> None:
        self.latest: schemas.Stats | None = None
        #: Whether the latest sample knows one before it.
        self.settled = False
        self.bell = anyio.Event()
        self.viewers = 0
        self.viewers_changed = anyio.Event()
        self.ended = False
        self.fault: Fault | None = None

    def tell(self, sample: schemas.Stats) -> None:
        """Give everybody the sample."""
        self.settled = self.latest is not None
        self.latest = sample
        self._ring()

    def end(self) -> None:
        """No sample follows."""
        self.ended = True
        self._ring()

    def _ring(self) -> None:
        bell, self.bell = self.bell, anyio.Event()
        bell.set()


async def _end_when_unwatched(feed: _Feed, scope: anyio.CancelScope) -> None:
    while True:
        changed = feed.viewers_changed = anyio.Event()
        if feed.viewers:
            await changed.wait()
            continue
        with anyio.move_on_after(LINGER_SECONDS) as lingering:
            await changed.wait()
        if lingering.cancelled_caught and not feed.viewers:
            # Whoever comes from here on gets a stream of its own.
            feed.ended = True
            scope.cancel()
            return


def _first(group: BaseExceptionGroup[Fault]) -> Fault:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Fault)
    return error

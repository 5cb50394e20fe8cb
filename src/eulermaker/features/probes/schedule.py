"""When each probe is due: a heap over all of them, and lanes in which their checks wait for each other."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from anyio.abc import TaskGroup


class Timed(Protocol):
    """Something that is due at a time, in seconds; None while it is not."""

    due: float | None


TimedT = TypeVar("TimedT", bound=Timed)


class Schedule(Generic[TimedT]):
    """What is due when. Putting and taking cost the logarithm of how many there are."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, TimedT]] = []
        self._turn = 0

    def put(self, item: TimedT, due: float) -> None:
        """The item is due then, and at no other time."""
        item.due = due
        self._turn += 1
        heappush(self._heap, (due, self._turn, item))

    def drop(self, item: TimedT) -> None:
        """The item is not due any more."""
        item.due = None

    @property
    def next(self) -> float | None:
        """When something is due next."""
        self._clear()
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> tuple[float, TimedT] | None:
        """One item that is due, the longest one first, and since when; it is not due any more."""
        self._clear()
        if not self._heap or self._heap[0][0] > now:
            return None
        due, _, item = heappop(self._heap)
        item.due = None
        return due, item

    def _clear(self) -> None:
        # An item that was put again or dropped has left an entry behind.
        while self._heap and self._heap[0][2].due != self._heap[0][0]:
            heappop(self._heap)


ItemT = TypeVar("ItemT")


class Lane(Generic[ItemT]):
    """At most `width` items are worked on at once; the others wait their turn, each once.

    Workers are made when they are needed first, and stay: a task for each item would cost about as
    much as the item does.
    """

    def __init__(self, width: int, work: Callable[[ItemT], Awaitable[None]]) -> None:
        self._width = width
        self._work = work
        self._group: TaskGroup | None = None
        self._workers = 0
        self._idle: list[asyncio.Future[ItemT]] = []
        self._waiting: deque[ItemT] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def open(self, group: TaskGroup) -> None:
        """Work in that group, until it ends."""
        self._group = group
        self._workers, self._idle = 0, []
        self._waiting.clear()

    def offer(self, item: ItemT) -> None:
        """Begin with the item, or let it wait."""
        assert self._group is not None, "the lane is open"
        while self._idle:
            # The one that has worked last is the one whose memory is warm.
            idle = self._idle.pop()
            if not idle.done():
                idle.set_result(item)
                return
        if self._workers < self._width:
            self._workers += 1
            self._group.start_soon(self._serve, item)
        else:
            self._waiting.append(item)

    async def _serve(self, item: ItemT) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._work(item)
            if self._waiting:
                item = self._waiting.popleft()
                # What never waits itself must not keep everybody else from their turn.
                await asyncio.sleep(0)
            else:
                idle: asyncio.Future[ItemT] = loop.create_future()
                self._idle.append(idle)
                item = await idle

"""When each probe is due: a heap over all of them, and lanes in which their checks wait for each other."""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar


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


class LaneQueue(Generic[ItemT]):
    """At most `width` items run at once; the others wait their turn, each once."""

    def __init__(self, width: int, start: Callable[[ItemT], None]) -> None:
        self._width = width
        self._start = start
        self._waiting: deque[ItemT] = deque()
        self.running = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def offer(self, item: ItemT) -> None:
        """Start the item, or let it wait."""
        if self.running < self._width:
            self.running += 1
            self._start(item)
        else:
            self._waiting.append(item)

    def done(self) -> None:
        """One has ended: the next may start."""
        if self._waiting:
            self._start(self._waiting.popleft())
        else:
            self.running -= 1

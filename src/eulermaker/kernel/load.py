"""How loaded this process is, from its own event loop and the requests it has not answered."""

import time
from collections.abc import Awaitable, Callable
from math import ceil

import anyio

from eulermaker.kernel.faults import Answer, Entry, Fault, Kind, documented
from eulermaker.kernel.settings import Overload

TICK_SECONDS = 0.1
#: How much of the last tick goes into the mean: a stall has to last to be called an overload.
WEIGHT = 0.3
RETRY_SECONDS = 5

OVERLOADED = Entry(
    "overloaded",
    Kind.UNAVAILABLE,
    zh="系统过载（当前负载 {load}%），请稍后重试",
    en="The server is overloaded (load {load} %); try again shortly",
    answers={"003": Answer(503, "overloaded"), "004": documented(503, "E901")},
    retryable=True,
    retry_after=RETRY_SECONDS,
)

ENTRIES = (OVERLOADED,)


class Load:
    """Measures the load; 1.0 is where new requests are turned away."""

    def __init__(self, settings: Overload, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        #: Mean lateness of the event loop in seconds.
        self.lag = 0.0
        #: Requests whose answer has not begun.
        self.in_flight = 0
        #: How long the oldest build in the queue has waited; it holds up new builds only.
        self.queue_seconds = 0.0

    async def run(self, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        """Service: measure how late the event loop comes back."""
        while True:
            started = self._clock()
            await sleep(TICK_SECONDS)
            late = max(0.0, self._clock() - started - TICK_SECONDS)
            self.lag += WEIGHT * (late - self.lag)

    def request(self) -> "InFlight":
        """A request that is in flight inside a block, or until it is `answered`."""
        return InFlight(self)

    @property
    def share(self) -> float:
        """The load as a share of what is bearable."""
        return max(self.lag / self._settings.max_lag_seconds, self.in_flight / self._settings.max_in_flight)

    def refusal(self) -> Fault | None:
        """The fault `overloaded` while new requests have to be turned away."""
        return self._refusal(self.share)

    def require_queue(self) -> None:
        """Raise the fault `overloaded` while new builds have to be turned away."""
        refusal = self._refusal(self.queue_seconds / self._settings.max_queue_seconds)
        if refusal is not None:
            raise refusal

    def _refusal(self, share: float) -> Fault | None:
        return overloaded(share) if self._settings.enabled and share >= 1 else None


class InFlight:
    """One request whose answer has not begun."""

    __slots__ = ("_load", "_waiting")

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting = False

    def __enter__(self) -> "InFlight":
        self._waiting = True
        self._load.in_flight += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.answered()

    def answered(self) -> None:
        """The answer has begun: once is as good as twice."""
        if self._waiting:
            self._waiting = False
            self._load.in_flight -= 1


def overloaded(share: float) -> Fault:
    """The fault for that load."""
    load = ceil(share * 100)
    return OVERLOADED(load=load, details={"currentLoad": load, "retryAfter": RETRY_SECONDS})

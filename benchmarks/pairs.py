"""The same done through the product and straight at the engine, by turns; either goes first."""

import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Way = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of what was done each way."""

    ours: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)

    @property
    def p50(self) -> tuple[float, float]:
        """By how much ours is slower in the median, and the raw median."""
        raw = statistics.median(self.raw)
        return statistics.median(self.ours) - raw, raw

    @property
    def p99(self) -> tuple[float, float]:
        """By how much ours is slower at the 99th percentile, and the raw one."""
        raw = _p99(self.raw)
        return _p99(self.ours) - raw, raw


async def by_turns(ours: Way, raw: Way, count: int) -> Times:
    """So many times each way."""
    times = Times()
    for number in range(count):
        if number % 2:
            times.ours.append(await ours())
            times.raw.append(await raw())
        else:
            times.raw.append(await raw())
            times.ours.append(await ours())
    return times


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]

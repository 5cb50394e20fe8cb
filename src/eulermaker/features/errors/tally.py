"""What clients were told, counted in memory: noting an error costs a look into a dictionary."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from eulermaker.features.errors.schemas import Told
from eulermaker.kernel.faults import Family

#: Beyond so many combinations of fault, route and tenant, new ones are counted by their fault alone.
MAX_SERIES = 2000
#: Under a flood of errors the latest of these are kept for look-ups; counts stay whole.
MAX_RECENT = 500
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted together."""

    slug: str
    family: Family
    code: str
    status: int
    route: str
    tenant: str


@dataclass(slots=True)
class Count:
    """How often, since when, and when last."""

    count: int
    first_seen: datetime
    last_seen: datetime

    def add(self, count: int, first_seen: datetime, last_seen: datetime) -> None:
        """Count more of the same."""
        self.count += count
        self.first_seen = min(self.first_seen, first_seen)
        self.last_seen = max(self.last_seen, last_seen)


@dataclass(frozen=True, slots=True)
class Batch:
    """What was noted since the last batch."""

    counts: Mapping[Series, Count]
    recent: tuple[Told, ...]


class Tally:
    """Counts since the start of the process, and what has not been stored yet."""

    def __init__(self) -> None:
        self.totals: dict[Series, int] = {}
        self._counts: dict[Series, Count] = {}
        self._recent: deque[Told] = deque(maxlen=MAX_RECENT)

    def note(self, told: Told) -> None:
        """Count one error."""
        series = self._series(told)
        self.totals[series] = self.totals.get(series, 0) + 1
        self._count(series, 1, told.at, told.at)
        self._recent.append(told)

    def take(self) -> Batch:
        """What was noted since the last time; it is the caller's now."""
        batch = Batch(self._counts, tuple(self._recent))
        self._counts = {}
        self._recent.clear()
        return batch

    def put_back(self, batch: Batch) -> None:
        """Have again what could not be stored."""
        for series, counted in batch.counts.items():
            self._count(series, counted.count, counted.first_seen, counted.last_seen)
        kept = [*batch.recent, *self._recent]
        self._recent = deque(kept, maxlen=MAX_RECENT)

    def _count(self, series: Series, count: int, first_seen: datetime, last_seen: datetime) -> None:
        known = self._counts.get(series)
        if known is None:
            self._counts[series] = Count(count, first_seen, last_seen)
        else:
            known.add(count, first_seen, last_seen)

    def _series(self, told: Told) -> Series:
        series = Series(told.slug, told.family, told.code, told.status, told.route, told.tenant)
        if series in self.totals or len(self.totals) < MAX_SERIES:
            return series
        return Series(told.slug, told.family, told.code, told.status, OTHER, OTHER)


class ErrorCollector(Collector):
    """The totals as Prometheus reads them."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        """One counter with a bounded number of series."""
        labels = ("slug", "family", "code", "status", "route", "tenant")
        errors = CounterMetricFamily(
            "eulermaker_errors", "Errors told to clients, by code, route and tenant", labels=labels
        )
        for series, count in list(self._tally.totals.items()):
            errors.add_metric(_labels(series), count)
        yield errors

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not count to know the names."""
        return ()


def _labels(series: Series) -> tuple[str, ...]:
    return series.slug, series.family, series.code, str(series.status), series.route, series.tenant

"""Results as they are read: pages, sums by minute and hour, statistics."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.packing import (
    HOUR_MS,
    MINUTE_MS,
    Bin,
    Hour,
    Result,
    Sketch,
    bin_of_hour,
    entries,
    minutes_of,
    unpacked_minutes,
)
from eulermaker.features.probes.rules import uptime
from eulermaker.features.probes.schemas import ResponseTimes, Statistics, Uptime
from eulermaker.features.probes.store import Probe, ResultStore
from eulermaker.kernel.faults import InvalidFields

#: The end of time, as far as results are concerned: hours are stored as 32-bit numbers.
FOREVER = (2**31 - 1) * HOUR_MS
_HOURS_AT_ONCE = (2, 8, 48)


@dataclass(frozen=True, slots=True)
class Range:
    """Which results are wanted: from `start` to before `end`, in milliseconds since 1970."""

    start: int = 0
    end: int = FOREVER
    status: Status | None = None

    def holds(self, result: Result) -> bool:
        """Whether the result is one of them."""
        return self.start <= result.at < self.end and self.status in (None, result.status)

    def before(self, at: int | None) -> "Range":
        """Those of them that were before that."""
        return self if at is None else Range(self.start, min(self.end, at), self.status)


def cursor_of(at: int) -> str:
    """What asks for the results before that one."""
    return base64.urlsafe_b64encode(str(at).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """The time in a cursor; raises InvalidFields."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        return int(text) if text.isdecimal() and len(text) < 17 else _refuse()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return _refuse()


def _refuse() -> int:
    raise InvalidFields.one("cursor", zh="不是本接口给出的游标", en="This is no cursor that was given here")


class History:
    """The results of one probe, read inside one transaction."""

    def __init__(self, store: ResultStore, probe: Probe) -> None:
        self._store = store
        self._probe = probe
        self._tail: list[Result] | None = None
        #: Hours that were read already.
        self._known: dict[int, Hour] = {}

    async def page(self, wanted: Range, *, limit: int, before: int | None) -> tuple[list[Result], bool]:
        """At most so many results, newest first; and whether there are more."""
        part = wanted.before(before)
        # The journal first: what leaves it meanwhile is then found in its hour, and not missed.
        found = {one.at: one for one in await self._unsorted() if part.holds(one)}
        complete = False
        upper, lower = _hour(min(part.end - 1, FOREVER)), _hour(part.start)
        for count in (*_HOURS_AT_ONCE, *([_HOURS_AT_ONCE[-1]] * 1000)):
            hours = await self._store.hours_before(self._probe.number, upper, since=lower, limit=count)
            self._known |= {hour.hour: hour for hour in hours}
            for hour in hours:
                found |= {one.at: one for one in hour.results() if part.holds(one)}
                if hour.data is None:
                    complete = True
                    break
                if len(found) > limit:
                    break
            complete = complete or len(hours) < count
            if complete or len(found) > limit:
                break
            upper = hours[-1].hour - 1
        newest = sorted(found.values(), key=lambda one: -one.at)
        return newest[:limit], len(newest) > limit

    async def count(self, wanted: Range) -> int:
        """How many results there are."""
        tail = await self._unsorted()
        lower, upper = _hour(wanted.start), _hour(min(wanted.end - 1, FOREVER))
        sums = await self._store.count(self._probe.number, since=lower, until=upper)
        total = _of_status(sums, wanted.status)
        # Of the first and the last hour only a part may be wanted.
        edges = {lower} if wanted.start > 0 else set()
        edges |= {upper} if wanted.end < FOREVER else set()
        for edge in edges:
            hour = self._known.get(edge) or await self._hour(edge)
            if hour is not None and hour.data is not None:
                results = hour.results()
                all_of_it = sum(wanted.status in (None, one.status) for one in results)
                total -= all_of_it - sum(wanted.holds(one) for one in results)
        return total + sum(wanted.holds(one) for one in tail)

    async def bins(
        self, wanted: Range, *, by_hour: bool, limit: int, before: int | None
    ) -> tuple[list[Bin], bool]:
        """Sums by minute or hour, newest first; and whether there are more."""
        part = wanted.before(before)
        size = HOUR_MS if by_hour else MINUTE_MS
        tail = await self._unsorted()
        upper, lower = _hour(min(part.end - 1, FOREVER)), _hour(part.start)
        # One hour has sixty minutes at most, and one with none has no row.
        count = limit + 1 if by_hour else limit // 60 + 2 + limit
        hours = await self._store.hours_before(self._probe.number, upper, since=lower, limit=min(count, 1000))
        found = [one for hour in _with(hours, tail) for one in _bins_of(hour, by_hour=by_hour)]
        matching = [one for one in found if part.start - size < one.at < part.end]
        newest = sorted(matching, key=lambda one: -one.at)
        return newest[:limit], len(newest) > limit or len(hours) == min(count, 1000)

    async def statistics(self, now: int) -> Statistics:
        """All checks, uptime, response times."""
        probe, tail = self._probe, await self._unsorted()
        checks = probe.checks + len(tail)
        succeeded = probe.succeeded + sum(one.status is Status.SUCCESS for one in tail)
        failed = probe.failed + sum(one.status is Status.FAILURE for one in tail)
        conclusive = succeeded + failed
        return Statistics(
            total_checks=checks,
            success_count=succeeded,
            failure_count=failed,
            unknown_count=checks - conclusive,
            success_rate=round(100 * succeeded / conclusive, 2) if conclusive else None,
            uptime=await self._uptime(now),
            response_time=await self._response_times(now, tail),
        )

    async def _uptime(self, now: int) -> Uptime:
        month = 30 * 24 * HOUR_MS
        spans = await self._store.spans(self._probe.number, since=now - month)
        shares = [
            uptime(spans, start=(now - hours * HOUR_MS) / 1000, end=now / 1000) for hours in (24, 168, 720)
        ]
        rounded = [None if share is None else round(share, 3) for share in shares]
        return Uptime(last_24h=rounded[0], last_7d=rounded[1], last_30d=rounded[2])

    async def _response_times(self, now: int, tail: Sequence[Result]) -> ResponseTimes:
        since = now - 24 * HOUR_MS
        sums = await self._store.sums(self._probe.number, since=_hour(since), until=_hour(now))
        sketch, succeeded, total = Sketch(), 0, 0
        shortest: list[int] = []
        longest: list[int] = []
        for hour in _with(sums, [one for one in tail if one.at >= since]):
            sketch.merging(Sketch.unpacked(hour.sketch))
            succeeded += hour.succeeded
            total += hour.duration_sum
            shortest += [] if hour.duration_min is None else [hour.duration_min]
            longest += [] if hour.duration_max is None else [hour.duration_max]
        return ResponseTimes(
            min=milliseconds(min(shortest, default=None)),
            avg=milliseconds(round(total / succeeded)) if succeeded else None,
            max=milliseconds(max(longest, default=None)),
            p50=sketch.quantile(0.5),
            p95=sketch.quantile(0.95),
            p99=sketch.quantile(0.99),
        )

    async def _hour(self, hour: int) -> Hour | None:
        found = await self._store.hours_before(self._probe.number, hour, since=hour, limit=1)
        return found[0] if found else None

    async def _unsorted(self) -> list[Result]:
        """The results that are in the journal still, oldest first."""
        if self._tail is None:
            journal, _ = await self._store.journal(self._probe.shard)
            number = self._probe.number
            self._tail = [one for data in journal for _, one in entries(data, only=number)]
        return self._tail


def milliseconds(duration: int | None) -> float | None:
    """A stored duration as it is shown."""
    return None if duration is None else duration / 10


def _hour(at: int) -> int:
    return at // HOUR_MS


def _with(hours: Sequence[Hour], tail: Sequence[Result]) -> list[Hour]:
    """The hours, with the results that are not sorted into them yet."""
    by_hour = {hour.hour: hour for hour in hours}
    waiting: dict[int, list[Result]] = {}
    for result in tail:
        waiting.setdefault(_hour(result.at), []).append(result)
    for number, results in waiting.items():
        by_hour.setdefault(number, Hour(number)).add(results)
    return list(by_hour.values())


def _bins_of(hour: Hour, *, by_hour: bool) -> list[Bin]:
    if by_hour:
        return [bin_of_hour(hour)]
    if hour.data is not None:
        return minutes_of(hour.results())
    return [] if hour.minutes is None else unpacked_minutes(hour.minutes, hour=hour.hour)


def _of_status(sums: tuple[int, int, int], status: Status | None) -> int:
    checks, succeeded, failed = sums
    match status:
        case None:
            return checks
        case Status.SUCCESS:
            return succeeded
        case Status.FAILURE:
            return failed
        case Status.UNKNOWN:
            return checks - succeeded - failed

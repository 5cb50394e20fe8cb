"""Keeps results for as long as they are wanted: the journal into hours, old hours into less."""

from collections.abc import Callable, Iterable, Sequence

import anyio
import anyio.lowlevel
import structlog

from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.packing import HOUR_MS, Hour, Result, entries, minutes_of, packed_minutes
from eulermaker.features.probes.rules import SHARDS
from eulermaker.features.probes.store import ProbeStore, ResultStore, ShareStore
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.settings import Probes as Limits

log = structlog.get_logger("eulermaker.probes")

#: Once in this time each shard's journal is sorted into the hours of its probes.
SORT_SECONDS = 300.0
#: Once in this time old results of each shard are looked for.
SWEEP_SECONDS = 3600.0
#: So many probes' results are packed before everybody else gets a turn.
TURN = 10
SWEPT_HOURS = 48

BURY_SECONDS = 60.0


class Keeper:
    """Sorts and sweeps the results of the shards that this process holds."""

    def __init__(self, database: Database, *, holder: str, limits: Limits, clock: Clock) -> None:
        self._database = database
        self._holder = holder
        self._limits = limits
        self._clock = clock
        self._turn = 0

    async def tick(self, shards: Iterable[int]) -> None:
        """Sort one shard's journal and now and then sweep one; called `SHARDS` times in `SORT_SECONDS`."""
        self._turn += 1
        shard = self._turn % SHARDS
        if shard not in frozenset(shards):
            return
        await self.sort(shard)
        rounds = round(SWEEP_SECONDS / SORT_SECONDS)
        if self._turn // SHARDS % rounds == shard % rounds:
            await self.sweep(shard)

    async def sort(self, shard: int) -> None:
        """Put the results of a shard's journal into the hours of their probes."""
        async with self._database.read() as connection:
            results = ResultStore(connection)
            journal, last = await results.journal(shard)
            by_hour = _by_hour(journal)
            known = await results.hours_at(by_hour)
        if not journal:
            return
        hours: list[tuple[int, Hour]] = []
        for turn, ((number, hour), found) in enumerate(sorted(by_hour.items())):
            kept = known.get((number, hour)) or Hour(hour)
            kept.add(found)
            hours.append((number, kept))
            if turn % TURN == TURN - 1:
                await anyio.lowlevel.checkpoint()
        async with self._database.write() as connection:
            # Whoever took the shard over meanwhile sorts the same results.
            if shard not in await ShareStore(connection).held_by(self._holder):
                return
            results = ResultStore(connection)
            await results.put_hours(hours)
            await ProbeStore(connection).add_totals(_totals(by_hour))
            await results.drop_journal(shard, until=last)

    async def sweep(self, shard: int) -> None:
        """Turn raw results that were kept long enough into minutes, and remove what is older still."""
        now = int(self._clock().timestamp() * 1000) // HOUR_MS
        async with self._database.read() as connection:
            numbers = await ProbeStore(connection).numbers(shard)
        for number in numbers:
            await self._sweep_probe(number, now)
            await anyio.lowlevel.checkpoint()

    async def _sweep_probe(self, number: int, now: int) -> None:
        async with self._database.read() as connection:
            results = ResultStore(connection)
            old = await results.raw_before(number, now - 24 * self._limits.raw_days, limit=SWEPT_HOURS)
            oldest = await results.oldest(number)
        for hour in old:
            hour.minutes = packed_minutes(minutes_of(hour.results()))
            hour.data, hour.details = None, ""
        minutes, hours = now - 24 * self._limits.minute_days, now - 24 * self._limits.hour_days
        if not old and (oldest is None or oldest >= minutes):
            return
        async with self._database.write() as connection:
            results = ResultStore(connection)
            await results.put_hours([(number, hour) for hour in old])
            await results.forget(number, minutes_before=minutes, hours_before=hours)

    async def bury(self) -> None:
        """Remove what is left of deleted probes."""
        async with self._database.read() as connection:
            numbers = await ProbeStore(connection).deleted(limit=100)
        for number in numbers:
            gone = False
            while not gone:
                with anyio.CancelScope(shield=True):
                    async with self._database.write() as connection:
                        gone = await ProbeStore(connection).remove(number)
                await anyio.lowlevel.checkpoint()

    async def run(self, shards: Callable[[], Iterable[int]]) -> None:
        """Service: sort and sweep."""
        while True:
            await anyio.sleep(SORT_SECONDS / SHARDS)
            try:
                # A stop waits for the end of it: what is torn in the middle leaves its thread behind.
                with anyio.CancelScope(shield=True):
                    await self.tick(shards())
            except Fault as fault:
                if not fault.entry.retryable:
                    raise
                log.warning("probes.sorting_postponed", fault=fault.entry.slug)


def _by_hour(journal: Sequence[bytes]) -> dict[tuple[int, int], list[Result]]:
    found: dict[tuple[int, int], list[Result]] = {}
    for data in journal:
        for number, result in entries(data):
            found.setdefault((number, result.at // HOUR_MS), []).append(result)
    return found


def _totals(by_hour: dict[tuple[int, int], list[Result]]) -> dict[int, tuple[int, int, int]]:
    totals: dict[int, tuple[int, int, int]] = {}
    for (number, _), results in sorted(by_hour.items()):
        checks, succeeded, failed = totals.get(number, (0, 0, 0))
        totals[number] = (
            checks + len(results),
            succeeded + sum(one.status is Status.SUCCESS for one in results),
            failed + sum(one.status is Status.FAILURE for one in results),
        )
    return totals

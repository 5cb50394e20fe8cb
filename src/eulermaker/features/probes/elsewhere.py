"""Results that other processes have stored, for those who follow here."""

import anyio
import structlog

from eulermaker.features.probes.feed import Feed, News
from eulermaker.features.probes.packing import entries
from eulermaker.features.probes.store import Probe, ProbeStore, ResultStore, ShareStore
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.probes")

LOOK_SECONDS = 1.0


class Elsewhere:
    """Reads what other processes write while somebody follows; asks for nothing while nobody does."""

    def __init__(self, database: Database, feed: Feed, *, holder: str) -> None:
        self._database = database
        self._feed = feed
        self._holder = holder
        #: Up to which row of the journal each of the others is known.
        self._known: dict[str, int] = {}
        self._start: int | None = None
        self._probes: dict[int, Probe] = {}

    async def run(self) -> None:
        """Service: tell the feed."""
        if self._database.sole_writer:
            await anyio.sleep_forever()
        while True:
            await anyio.sleep(LOOK_SECONDS)
            if not self._feed:
                self._known, self._start, self._probes = {}, None, {}
                continue
            try:
                self._feed.tell(await self._news())
            except Fault as fault:
                if not fault.entry.retryable:
                    raise
                log.warning("probes.others_unknown", fault=fault.entry.slug)

    async def _news(self) -> list[News]:
        async with self._database.read() as connection:
            results, found = ResultStore(connection), []
            if self._start is None:
                self._start = await results.last_written()
            for holder in await ShareStore(connection).others(self._holder):
                # The rows of one process become visible in the order of their ids; those of two may not.
                for row, data in await results.written_by(holder, self._known.get(holder, self._start)):
                    self._known[holder] = row
                    found += list(entries(data))
            wanted = {number for number, _ in found} - self._probes.keys()
            for probe in await ProbeStore(connection).by_numbers(wanted):
                self._probes[probe.number] = probe
        return [
            News(self._probes[number], result, self._probes[number].state.value)
            for number, result in found
            if number in self._probes
        ]

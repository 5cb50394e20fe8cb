"""Puts results into the database: many at a time, each once, changes of state at once."""

from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog

from eulermaker.features.alerts.schemas import Severity, StateChange
from eulermaker.features.alerts.service import Alerts
from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.feed import Feed, News
from eulermaker.features.probes.packing import Result, details_of, entry
from eulermaker.features.probes.store import Probe, ProbeStore, ResultStore, ShareStore
from eulermaker.features.probes.watch import Watch
from eulermaker.features.probes.wording import when
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.supervise import Nudge

log = structlog.get_logger("eulermaker.probes")

#: Plain successes wait this long at most before they are stored; all else is stored at once.
FLUSH_SECONDS = 1.0
#: How long what is urgent waits for more of its kind.
GATHER_SECONDS = 0.01
#: What is known of healthy probes is refreshed so seldom; their results are in the journal anyway.
STATES_SECONDS = 5.0
#: While the database is away so many bytes of results wait; then plain successes are lost first.
MAX_WAITING = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a probe's state, to be stored with the result that decided it."""

    probe: Probe
    before: Status
    after: Status
    at: int
    details: str


@dataclass(slots=True)
class Batch:
    """What is stored in one transaction."""

    entries: dict[int, bytearray] = field(default_factory=dict)
    states: dict[int, dict[str, Any]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    size: int = 0
    lost: int = 0


class Recorder:
    """Takes results from the runner and stores them; what is stored is told to the feed."""

    def __init__(self, database: Database, alerts: Alerts, feed: Feed, *, holder: str) -> None:
        self._database = database
        self._alerts = alerts
        self._feed = feed
        self._holder = holder
        self._pending = Batch()
        #: Being stored; the same again until its end is certain.
        self._batch: Batch | None = None
        self._number = self._done = 0
        self._nudge = Nudge()
        self._flushing = anyio.Lock()
        self._dirty: dict[int, Watch] = {}
        self._states_due = 0.0
        self._stored = anyio.Event()
        #: Results that were lost because the database was away too long.
        self.lost = 0

    def add(self, watch: Watch, result: Result, change: Change | None) -> None:
        """Store a result soon, and at once when it is more than one more success."""
        batch, probe = self._pending, watch.probe
        urgent = change is not None or result.status is not Status.SUCCESS
        if batch.size > MAX_WAITING and not urgent:
            batch.lost += 1
            return
        data = entry(probe.number, result)
        batch.entries.setdefault(probe.shard, bytearray()).extend(data)
        batch.size += len(data)
        if change is not None:
            batch.changes.append(change)
        if self._feed:
            batch.news.append(News(probe, result, watch.health.state.value))
        self._dirty[probe.number] = watch
        if urgent or watch.health.successes < watch.thresholds.success:
            self.note(watch)

    def note(self, watch: Watch) -> None:
        """Store at once what is known of a probe."""
        self._pending.states[watch.number] = _state_of(watch)
        self._dirty.pop(watch.number, None)
        self._nudge.give()

    def note_change(self, watch: Watch, change: Change) -> None:
        """Store a change that no check has found out."""
        self._pending.changes.append(change)
        self.note(watch)

    def forget(self, watch: Watch) -> None:
        """What is known of a probe is another's to store from now on."""
        self._dirty.pop(watch.number, None)

    async def run(self) -> None:
        """Service: store what comes."""
        while True:
            await self._nudge.wait(FLUSH_SECONDS)
            await anyio.sleep(GATHER_SECONDS)
            try:
                # A stop waits for the end of it: what is torn in the middle leaves its thread behind.
                with anyio.CancelScope(shield=True):
                    await self.flush()
            except Fault as fault:
                if not fault.entry.retryable:
                    raise
                log.warning("probes.results_wait", fault=fault.entry.slug, bytes=self._pending.size)
                await anyio.sleep(FLUSH_SECONDS)

    async def stored_after(self, seconds: float) -> bool:
        """Store now, and return once all that was added before is stored; tells whether it was in time."""
        wanted = self._number + 1
        self._nudge.give()
        with anyio.move_on_after(seconds) as scope:
            while self._done < wanted and not self._empty:
                await self._stored.wait()
        return not scope.cancelled_caught

    @property
    def _empty(self) -> bool:
        pending = self._pending
        return self._batch is None and not (pending.entries or pending.states or pending.changes)

    async def flush(self, *, whole: bool = False) -> None:
        """Store what waits; raises `database-unavailable`, and then it still waits.

        `whole` also stores what is known of healthy probes.
        """
        async with self._flushing:
            while True:
                batch = self._batch or self._next(whole=whole)
                if batch is None:
                    return
                self._batch = batch
                await self._store(batch)
                self._batch, self._done = None, self._number
                self._tell(batch)

    def _next(self, *, whole: bool) -> Batch | None:
        now = anyio.current_time()
        if self._dirty and (whole or now >= self._states_due):
            self._states_due = now + STATES_SECONDS
            for number, watch in self._dirty.items():
                self._pending.states.setdefault(number, _state_of(watch))
            self._dirty.clear()
        if self._empty:
            return None
        pending, self._pending = self._pending, Batch()
        self._number += 1
        return pending

    async def _store(self, batch: Batch) -> None:
        async with self._database.write() as connection:
            shares = ShareStore(connection)
            if not await shares.begin_batch(self._holder, self._number):
                log.info("probes.batch_was_stored", batch=self._number)
                return
            held = await shares.held_by(self._holder)
            results = ResultStore(connection)
            entries = {shard: bytes(data) for shard, data in batch.entries.items() if shard in held}
            await results.append(self._holder, entries)
            # In the order of their numbers: two processes never wait for each other's rows.
            states = [batch.states[number] for number in sorted(batch.states)]
            await ProbeStore(connection).set_states(
                [_without_shard(state) for state in states if state["shard_"] in held]
            )
            changes = [change for change in batch.changes if change.probe.shard in held]
            await results.add_changes([_row_of(change) for change in changes])
            if changes:
                await self._alerts.observe_all(connection, [_told(change) for change in changes])

    def _tell(self, batch: Batch) -> None:
        self.lost += batch.lost
        if batch.lost:
            log.error("probes.results_lost", results=batch.lost)
        if batch.changes:
            self._alerts.wake()
        self._feed.tell(batch.news)
        self._ring()

    def _ring(self) -> None:
        stored, self._stored = self._stored, anyio.Event()
        stored.set()


def _state_of(watch: Watch) -> dict[str, Any]:
    health = watch.health
    return {
        "number_": watch.number,
        "shard_": watch.probe.shard,
        "suspended": watch.suspended,
        "state": health.state.value,
        "state_since": watch.state_since,
        "successes": health.successes,
        "failures": health.failures,
        "last_at": watch.last_at,
        "last_status": None if watch.last_status is None else watch.last_status.value,
    }


def _without_shard(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name != "shard_"}


def _row_of(change: Change) -> dict[str, Any]:
    return {
        "number": change.probe.number,
        "at": change.at,
        "before": change.before.value,
        "after": change.after.value,
        "details": details_of(change.details),
    }


def _told(change: Change) -> StateChange:
    probe = change.probe
    return StateChange(
        probe=probe.id,
        name=probe.name,
        tenant_id=probe.tenant_id,
        owner_id=probe.owner_id,
        container_id=None if probe.container is None else f"container_{probe.container[:12]}",
        labels=probe.labels,
        severity=Severity(probe.severity),
        before=change.before.value,
        after=change.after.value,
        at=when(change.at),
        details=details_of(change.details),
    )

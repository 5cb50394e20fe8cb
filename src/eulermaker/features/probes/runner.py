"""Checks what is due: the schedule, the lanes, and what each verdict changes."""

import asyncio
import math
from collections.abc import Callable, Iterable

import anyio
import anyio.lowlevel
import structlog
from anyio.abc import TaskGroup

from eulermaker.engines.containers import Container
from eulermaker.engines.containers import Status as ContainerStatus
from eulermaker.features.containers.view import LiveView
from eulermaker.features.probes import rules
from eulermaker.features.probes.checks.target import Target
from eulermaker.features.probes.checks.verdict import Check, Status, Verdict
from eulermaker.features.probes.config import Checked, Config, Push, joined, read
from eulermaker.features.probes.figures import Figures
from eulermaker.features.probes.packing import Result, detail_text, tenths
from eulermaker.features.probes.recorder import Change, Recorder
from eulermaker.features.probes.remedies import Remedies
from eulermaker.features.probes.schedule import Lane, Schedule
from eulermaker.features.probes.shares import LOOK_SECONDS, Shares
from eulermaker.features.probes.store import Probe, ProbeStore
from eulermaker.features.probes.vault import Vault
from eulermaker.features.probes.watch import Watch
from eulermaker.kernel import memory
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.supervise import Nudge

log = structlog.get_logger("eulermaker.probes")

#: A check that is not over so long after its deadline is ended from outside.
GRACE_SECONDS = 1.0
#: How often such checks are looked for.
OVERRUN_SECONDS = 0.5
#: The clock was set when it and the loop's disagree by more than this.
CLOCK_STEP_SECONDS = 2.0
FAREWELL_SECONDS = 3.0
#: What is due within so short a time is started together.
TICK_SECONDS = 0.02
#: So many probes are worth a full collection, after which none looks at them again.
MANY = 1000
#: So many are started before everybody else gets a turn.
TURN = 50
#: States in which nothing runs that could be checked; one that restarts is failing, and is checked.
_AT_REST = frozenset(
    {
        ContainerStatus.CREATED,
        ContainerStatus.STOPPED,
        ContainerStatus.PAUSED,
        ContainerStatus.REMOVING,
        ContainerStatus.DEAD,
    }
)


class ProbeRunner:
    """Checks this process' share of the probes."""

    def __init__(
        self,
        database: Database,
        shares: Shares,
        recorder: Recorder,
        remedies: Remedies,
        figures: Figures,
        *,
        view: LiveView,
        make: Callable[[Checked, Target], Check],
        vault: Vault,
        clock: Clock,
    ) -> None:
        self._database = database
        self._shares = shares
        self._recorder = recorder
        self._remedies = remedies
        self._figures = figures
        self._view = view
        self._make = make
        self._vault = vault
        self._clock = clock
        self._schedule: Schedule[Watch] = Schedule()
        self._lanes = {lane: Lane(width, self._check) for lane, width in rules.WIDTHS.items()}
        #: What is being checked now.
        self._under_way: set[Watch] = set()
        #: Newest revision that is known of each shard this process holds.
        self._revisions: dict[int, int] = {}
        self._not_before: dict[int, float] = {}
        self._look_now = Nudge()
        #: Ends the time keeper's sleep; and when that ends by itself.
        self._sleep: asyncio.Future[None] | None = None
        self._wakes_at = -math.inf
        self._group: TaskGroup | None = None
        self.watches: dict[int, Watch] = {}

    @property
    def shards(self) -> Iterable[int]:
        """The shards whose probes this process checks now."""
        return tuple(self._revisions)

    def wake(self) -> None:
        """Look at once for changes of probes."""
        self._look_now.give()

    async def run(self) -> None:
        """Service: check until cancelled, and let go of everything then."""
        try:
            async with anyio.create_task_group() as group:
                self._group = group
                for lane in self._lanes.values():
                    lane.open(group)
                group.start_soon(self._recorder.run)
                group.start_soon(self._end_overrun)
                group.start_soon(self._keep_share)
                await self._keep_time()
        finally:
            self._group = None
            with anyio.CancelScope(shield=True), anyio.move_on_after(FAREWELL_SECONDS):
                await self._leave()

    async def check_now(self, probe: Probe) -> Watch | None:
        """Check a probe out of turn and return when that is done; None when it is not checked here.

        While a check is under way, it is that one that is waited for.
        """
        watch = self.watches.get(probe.number)
        if watch is not None and watch.probe.revision < probe.revision:
            self._take(probe, new=True)
        if watch is None or watch.is_push or not watch.probe.enabled or not self._shares.valid:
            return None
        if self._group is None:
            return None
        done = watch.done = watch.done or anyio.Event()
        if not watch.checking:
            self._schedule.drop(watch)
            watch.slot = self._now()
            self._offer(watch)
        await done.wait()
        return None if watch.suspended else watch

    def check_of(self, probe: Probe, config: Config | None = None) -> tuple[Config, Check | None]:
        """A probe's configuration, and a check of it; none for one that waits for heartbeats.

        Raises SealBroken when its secrets cannot be read.
        """
        if config is None:
            config = read(probe.probe_type, joined(probe.config, self._vault.open(probe)))  # type: ignore[arg-type]  # stored types are known
        return config, None if isinstance(config, Push) else self._make(config, target_of(probe))

    # --- which probes

    async def _keep_share(self) -> None:
        while True:
            try:
                # A stop waits for the end of it: what is torn in the middle leaves its thread behind.
                with anyio.CancelScope(shield=True):
                    await self._look()
            except Fault as fault:
                if not fault.entry.retryable:
                    raise
                log.warning("probes.share_unknown", fault=fault.entry.slug)
                if not self._shares.valid:
                    self._drop_shards(self.shards)
            await self._look_now.wait(LOOK_SECONDS)

    async def _look(self) -> None:
        look = await self._shares.look()
        if look.lost:
            log.warning("probes.share_lost", shards=sorted(look.lost))
            self._drop_shards(look.lost)
        for shard in look.held:
            known = self._revisions.get(shard.shard)
            if known is None:
                self._not_before[shard.shard] = shard.done_until / 1000
            if known is None or known != shard.revision:
                await self._load(shard.shard, known)
                self._revisions[shard.shard] = shard.revision
        if look.surplus:
            self._drop_shards(look.surplus)
            await self._recorder.flush(whole=True)
            await self._shares.release(look.surplus, done_until=int(self._now() * 1000))
        if look.gained and len(self.watches) >= MANY:
            memory.settle()
        if look.gained or look.surplus:
            log.info("probes.share", shards=len(self._revisions), probes=len(self.watches))

    async def _load(self, shard: int, known: int | None) -> None:
        async with self._database.read() as connection:
            changed = await ProbeStore(connection).changed_since(shard, known or 0)
        for turn, probe in enumerate(changed):
            self._take(probe, new=known is not None)
            if turn % TURN == TURN - 1:
                await anyio.lowlevel.checkpoint()

    def _take(self, probe: Probe, *, new: bool) -> None:
        watch = self.watches.get(probe.number)
        if probe.deleted_at is not None:
            if watch is not None:
                self._drop(watch)
            return
        try:
            config, check = self.check_of(probe)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one probe must not stop the others
            log.error("probes.unreadable", probe=probe.id, error=repr(error))
            config, check = _unreadable(probe)
        if watch is None:
            watch = self.watches[probe.number] = Watch(probe, config, check, since=self._now())
            if new and not probe.last_at and probe.enabled and not watch.is_push:
                # Whoever has just made it wants to see something.
                self._now_or_later(watch)
                return
        else:
            self._adopt(watch, probe, config, check)
        self._heed(watch)

    def _adopt(self, watch: Watch, probe: Probe, config: Config, check: Check | None) -> None:
        if probe.enabled and not watch.probe.enabled:
            watch.since = self._now()
        same = (watch.probe.config, watch.probe.secrets, watch.probe.container) == (
            probe.config,
            probe.secrets,
            probe.container,
        )
        if same:
            config, check = watch.config, watch.check
        else:
            watch.health = rules.fresh(watch.health)
            watch.interrupt()
        watch.adopt(probe, config, check)

    def _heed(self, watch: Watch) -> None:
        """Do what the probe's row asks for."""
        probe = watch.probe
        if not probe.enabled:
            self._schedule.drop(watch)
            watch.interrupt()
            self._rest(watch, "paused", suspended=False)
            return
        if watch.is_push:
            if probe.pushed_at > watch.pushed_at:
                self._heartbeat(watch)
        elif probe.asked_at > watch.asked_at:
            watch.asked_at = probe.asked_at
            self._now_or_later(watch)
            return
        if not watch.checking:
            self._plan(watch)

    def _now_or_later(self, watch: Watch) -> None:
        if not watch.checking:
            self._schedule.put(watch, self._now())
            self._wake_up()

    def _drop_shards(self, shards: Iterable[int]) -> None:
        gone = frozenset(shards)
        for watch in [watch for watch in self.watches.values() if watch.probe.shard in gone]:
            self._drop(watch)
        for shard in gone:
            self._revisions.pop(shard, None)

    def _drop(self, watch: Watch) -> None:
        self._schedule.drop(watch)
        self.watches.pop(watch.number, None)
        self._recorder.forget(watch)
        watch.interrupt()
        self._done(watch)

    async def _leave(self) -> None:
        self._drop_shards(self.shards)
        try:
            await self._recorder.flush(whole=True)
            await self._shares.leave(done_until=int(self._now() * 1000))
        except Fault as fault:
            log.warning("probes.share_not_left", fault=fault.entry.slug)

    # --- when

    async def _keep_time(self) -> None:
        offset = self._now() - anyio.current_time()
        while True:
            now = self._now()
            if abs(now - anyio.current_time() - offset) > CLOCK_STEP_SECONDS:
                log.warning("probes.clock_was_set", seconds=round(now - anyio.current_time() - offset, 3))
                offset = now - anyio.current_time()
                self._plan_all()
            turn = 0
            while (taken := self._schedule.take(now)) is not None:
                self._when_due(taken[1], taken[0], now)
                turn += 1
                if turn % TURN == 0:
                    await anyio.lowlevel.checkpoint()
            await self._wait_for(self._schedule.next)

    async def _wait_for(self, due: float | None) -> None:
        """Return when something is due, or when what is due may have changed."""
        self._wakes_at = math.inf if due is None else due
        # No scope with a deadline: see Nudge.
        seconds = min(LOOK_SECONDS, max(0.0, self._wakes_at - self._now()) + TICK_SECONDS)
        loop = asyncio.get_running_loop()
        self._sleep = loop.create_future()
        timer = loop.call_later(seconds, self._wake_up)
        try:
            await self._sleep
        finally:
            timer.cancel()
            self._sleep = None

    def _wake_up(self) -> None:
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)

    def _now(self) -> float:
        return self._clock().timestamp()

    def _plan_all(self) -> None:
        for watch in self.watches.values():
            if watch.probe.enabled and not watch.checking:
                watch.slot = 0.0
                self._plan(watch)

    def _plan(self, watch: Watch) -> None:
        """Put the next check where it belongs: later than the last, and not before now."""
        if not watch.probe.enabled or self.watches.get(watch.number) is not watch:
            return
        now = self._now()
        config = watch.config
        if isinstance(config, Push):
            missed = max(watch.since, watch.pushed_at / 1000) + config.interval + config.grace
            self._schedule.put(watch, missed if missed > watch.slot else watch.slot + config.interval)
        else:
            # A little further, so that rounding never gives the same time again.
            after = max(now, watch.slot + 0.01, self._not_before.get(watch.probe.shard, 0.0))
            self._schedule.put(watch, rules.next_due(after, interval=config.interval, phase=watch.phase))
        if watch.due is not None and watch.due < self._wakes_at:
            self._wake_up()

    def _when_due(self, watch: Watch, due: float, now: float) -> None:
        watch.slot = due
        if not rules.in_time(due, now):
            self._figures.skipped += 1
            self._plan(watch)
        elif not self._shares.valid:
            self._plan(watch)
        else:
            self._offer(watch)

    # --- what

    def _offer(self, watch: Watch) -> None:
        reason = self._at_rest(watch)
        if reason is not None:
            self._rest(watch, reason, suspended=True)
            self._done(watch)
            self._plan(watch)
            return
        if watch.suspended:
            watch.suspended = False
            self._recorder.note(watch)
        if isinstance(watch.config, Push):
            missed = Verdict(
                Status.FAILURE, 0.0, {"error": "heartbeat missed", "interval": watch.config.interval}
            )
            self._conclude(watch, missed, self._now())
            self._plan(watch)
            return
        watch.checking = True
        self._lanes[watch.lane].offer(watch)

    async def _check(self, watch: Watch) -> None:
        try:
            if self.watches.get(watch.number) is watch and watch.probe.enabled and self._shares.valid:
                await self._checked(watch)
        finally:
            watch.checking = False
            self._plan(watch)
            self._done(watch)

    async def _checked(self, watch: Watch) -> None:
        check = watch.check
        assert check is not None
        started = self._now()
        self._figures.slipped(started - watch.slot)
        verdict = await self._verdict(watch, check)
        wanted = self.watches.get(watch.number) is watch and watch.check is check and watch.probe.enabled
        if not wanted:
            return  # What it has found is about something else than what is wanted now.
        health = rules.advance(watch.health, verdict.status, watch.thresholds)
        if health.state is Status.FAILURE and watch.health.state is not Status.FAILURE:
            # It may have been stopped a moment ago, and that is no failure.
            reason = await self._looked_at_rest(watch)
            if reason is not None:
                self._rest(watch, reason, suspended=True)
                return
        self._conclude(watch, verdict, started)

    async def _verdict(self, watch: Watch, check: Check) -> Verdict:
        """What the check tells; one that is interrupted, or raises, is our own trouble."""
        config = watch.config
        assert not isinstance(config, Push)
        began = anyio.current_time()
        deadline = began + config.budget
        watch.begin(ends_by=deadline + GRACE_SECONDS)
        self._under_way.add(watch)
        try:
            return await check(deadline)
        except asyncio.CancelledError:
            if not watch.was_interrupted():
                raise
            return Verdict(Status.UNKNOWN, (anyio.current_time() - began) * 1000, {"error": "check overran"})
        except Exception as error:
            # What somebody's server answers must never end ours.
            log.exception("probes.check_broke", probe=watch.probe.id)
            return Verdict(Status.UNKNOWN, 0.0, {"error": "check broke", "kind": type(error).__name__})
        finally:
            self._under_way.discard(watch)
            watch.end()

    async def _end_overrun(self) -> None:
        """End checks that have not kept to their deadlines."""
        while True:
            await anyio.sleep(OVERRUN_SECONDS)
            now = anyio.current_time()
            for watch in [watch for watch in self._under_way if watch.ends_by < now]:
                watch.interrupt()

    def _conclude(self, watch: Watch, verdict: Verdict, started: float) -> None:
        """Take note of a verdict: the result, the health, and what follows from a change."""
        before = watch.health
        watch.health = rules.advance(before, verdict.status, watch.thresholds)
        # No two results of a probe have the same time.
        at = max(int(started * 1000), watch.last_at + 1)
        result = Result(at, verdict.status, tenths(verdict.response_ms), watch.text_of(verdict.details))
        watch.last_at, watch.last_status, watch.last_ms = at, verdict.status, verdict.response_ms
        watch.last = result
        watch.counts[verdict.status] += 1
        change = None
        if watch.health.state is not before.state:
            change = Change(watch.probe, before.state, watch.health.state, at, result.details)
            watch.state_since = self._clock()
            # That one turns out to be well at first is no news.
            tell = log.debug if before.state is Status.UNKNOWN and not watch.health.failures else log.info
            tell("probe.flipped", probe=watch.probe.id, to=watch.health.state.value)
        self._recorder.add(watch, result, change)
        if watch.health.state is Status.FAILURE and watch.probe.remedy and self._group is not None:
            self._remedies.consider(self._group, watch)

    def _heartbeat(self, watch: Watch) -> None:
        told = watch.probe.pushed or {}
        watch.pushed_at = watch.probe.pushed_at
        status = Status(told.get("status", "success"))
        details = {"message": told["message"]} if told.get("message") else {}
        if status is not Status.SUCCESS:
            details.setdefault("message", "")
            details["error"] = "heartbeat told a failure"
        self._conclude(
            watch, Verdict(status, float(told.get("duration", 0.0)), details), watch.pushed_at / 1000
        )

    # --- containers

    def _at_rest(self, watch: Watch) -> str | None:
        """Why the probe's container cannot be checked now, if that is so and we know it."""
        if watch.probe.container is None or not self._view.connected:
            return None
        return _why_at_rest(self._view.find(watch.probe.container))

    async def _looked_at_rest(self, watch: Watch) -> str | None:
        if watch.probe.container is None or not self._view.connected:
            return None
        try:
            return _why_at_rest(await self._view.refresh(watch.probe.container))
        except Fault:
            return None  # What the engine cannot tell now is taken as it was found.

    def _rest(self, watch: Watch, reason: str, *, suspended: bool) -> None:
        """Stop checking for a while: nothing is known of what does not run, and counting begins anew."""
        before = watch.health.state
        if watch.suspended == suspended and before is Status.UNKNOWN:
            return
        watch.suspended = suspended
        watch.health = rules.Health()
        if before is Status.UNKNOWN:
            self._recorder.note(watch)
            return
        watch.state_since = self._clock()
        at = max(int(self._now() * 1000), watch.last_at + 1)
        details = detail_text({"error": reason})
        self._recorder.note_change(watch, Change(watch.probe, before, Status.UNKNOWN, at, details))
        log.info("probe.rests", probe=watch.probe.id, reason=reason)

    def _done(self, watch: Watch) -> None:
        done, watch.done = watch.done, None
        if done is not None:
            done.set()


def target_of(probe: Probe) -> Target:
    """What the probe watches, and what its owner may reach."""
    return Target(
        container=probe.container,
        owner=probe.owner_id,
        tenant=probe.tenant_id,
        sees_all=probe.sees_all,
        unconfined=probe.unconfined,
    )


def _why_at_rest(container: Container | None) -> str | None:
    if container is None:
        return "container removed"
    return f"container {container.status.value}" if container.status in _AT_REST else None


def _unreadable(probe: Probe) -> tuple[Config, Check]:
    """What stands for a probe whose stored configuration cannot be used."""
    interval = probe.config.get("interval", 30.0)
    config = read("tcp", {"interval": interval, "timeout": min(5.0, interval), "port": 1})

    async def cannot(deadline: float) -> Verdict:
        return Verdict(Status.UNKNOWN, 0.0, {"error": "configuration unreadable"})

    return config, cannot

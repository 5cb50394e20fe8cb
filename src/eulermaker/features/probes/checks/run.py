"""One attempt of a check: its time, its phase, and whatever happens made into a verdict."""

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from eulermaker.features.probes.checks.verdict import Check, Status, Trouble, Verdict

#: How exact deadlines are, in seconds.
TICK = 0.01


class Run:
    """How far an attempt has come; `facts` are told whatever its end is."""

    __slots__ = ("facts", "phase", "started")

    def __init__(self, started: float) -> None:
        self.started = started
        self.phase = "resolve"
        self.facts: dict[str, Any] = {}


class Alarms:
    """Deadlines of checks under way, kept in one timer: each timer of a loop costs as much as a check.

    They ring up to `TICK` seconds late, and never early.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: dict[int, set[_Alarm]] = {}
        self._ticks: list[int] = []
        self._ticking = False

    def at(self, moment: float, loop: asyncio.AbstractEventLoop) -> "_Alarm":
        """An alarm for the running task, at a time of the loop's clock."""
        if self._loop is not loop:
            self._loop, self._due, self._ticks, self._ticking = loop, {}, [], False
        tick = int(moment / TICK) + 1
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = set()
            heapq.heappush(self._ticks, tick)
        alarm = _Alarm(due)
        due.add(alarm)
        if not self._ticking:
            self._ticking = True
            loop.call_later(TICK, self._tick, loop)
        return alarm

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._ticks and self._ticks[0] * TICK <= now:
            for alarm in self._due.pop(heapq.heappop(self._ticks)):
                alarm.ring()
        self._ticking = bool(self._ticks)
        if self._ticking:
            loop.call_later(TICK, self._tick, loop)


class _Alarm:
    """Cancels the task that set it."""

    __slots__ = ("_before", "_due", "_rang", "_task")

    def __init__(self, due: set["_Alarm"]) -> None:
        task = asyncio.current_task()
        assert task is not None, "checks run in tasks"
        self._task = task
        self._before = task.cancelling()
        self._due = due
        self._rang = False

    def ring(self) -> None:
        """It is time."""
        self._rang = True
        self._task.cancel()

    def was_it(self) -> bool:
        """Whether a cancellation that was caught is the alarm's alone."""
        return self._rang and self._task.uncancel() <= self._before

    def off(self) -> None:
        """No alarm from here on."""
        self._due.discard(self)


async def attempt(
    look: Callable[[Run], Awaitable[Mapping[str, Any]]], deadline: float, alarms: Alarms
) -> Verdict:
    """The verdict of one look: success with its details, unless it raises Trouble or takes too long."""
    loop = asyncio.get_running_loop()
    run = Run(loop.time())
    # The loop's own clock counts whole milliseconds.
    began = time.perf_counter()
    alarm = alarms.at(deadline, loop)
    status = Status.SUCCESS
    try:
        details = await look(run)
    except asyncio.CancelledError:
        if not alarm.was_it():
            raise
        status, details = _late(run)
    except TimeoutError:
        # A shorter limit of the look's own.
        status, details = _late(run)
    except Trouble as trouble:
        status = trouble.status
        details = {**run.facts, **trouble.details()}
    finally:
        alarm.off()
    return Verdict(status, round((time.perf_counter() - began) * 1000, 3), details)


def _late(run: Run) -> tuple[Status, Mapping[str, Any]]:
    # What we ask of others first says nothing of what is watched.
    status = Status.UNKNOWN if run.phase in _OURS else Status.FAILURE
    return status, {**run.facts, "error": _OURS.get(run.phase, "timeout"), "phase": run.phase}


_OURS: Mapping[str, str] = {"resolve": "name servers do not answer", "engine": "engine does not answer"}


class Attempts:
    """A check that is tried again at once, until it succeeds or has no attempts left."""

    def __init__(self, once: Check, *, timeout: float, retries: int) -> None:
        self._once = once
        self._timeout = timeout
        self._retries = retries

    async def __call__(self, deadline: float) -> Verdict:
        """The verdict of the last attempt; `attempts` tells how many there were."""
        loop = asyncio.get_running_loop()
        verdict = await self._once(min(loop.time() + self._timeout, deadline))
        attempts = 1
        while verdict.status is not Status.SUCCESS and attempts <= self._retries and loop.time() < deadline:
            verdict = await self._once(min(loop.time() + self._timeout, deadline))
            attempts += 1
        if attempts == 1:
            return verdict
        return verdict._replace(details={**verdict.details, "attempts": attempts})

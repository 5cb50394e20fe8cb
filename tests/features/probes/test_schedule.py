"""The heap and the lanes, driven by a clock of the test's own."""

import asyncio
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest

from eulermaker.features.probes import rules
from eulermaker.features.probes.config import read
from eulermaker.features.probes.schedule import Lane, Schedule
from eulermaker.features.probes.watch import Watch
from tests.features.probes.test_feed import probe


@dataclass(eq=False)
class Item:
    """Something that is due now and then."""

    number: int
    due: float | None = None
    checks: list[float] = field(default_factory=list)


def test_items_come_in_the_order_of_their_times() -> None:
    schedule: Schedule[Item] = Schedule()
    items = [Item(n) for n in range(100)]
    for item in items:
        schedule.put(item, float((item.number * 37) % 100))
    taken = []
    while (found := schedule.take(1000.0)) is not None:
        taken.append(found[0])
    assert taken == sorted(float(n) for n in range(100))
    assert schedule.next is None


def test_an_item_is_due_once_at_its_last_time() -> None:
    schedule: Schedule[Item] = Schedule()
    item = Item(1)
    schedule.put(item, 5.0)
    schedule.put(item, 7.0)
    assert schedule.take(6.0) is None
    assert schedule.take(7.0) == (7.0, item)
    assert schedule.take(100.0) is None
    schedule.put(item, 3.0)
    schedule.put(item, 3.0)
    assert schedule.take(3.0) == (3.0, item)
    assert schedule.take(3.0) is None
    schedule.put(item, 9.0)
    schedule.drop(item)
    assert schedule.take(10.0) is None


def _run(items: list[Item], *, start: float, end: float, stalls: dict[float, float]) -> None:
    """Check each item when it is due, from one time to another; at some times everything stands still."""
    schedule: Schedule[Item] = Schedule()
    for item in items:
        schedule.put(item, rules.next_due(start, interval=30.0, phase=rules.phase_of(item.number)))
    now = start
    while (due := schedule.next) is not None and due < end:
        now = max(now, due)
        for at, seconds in list(stalls.items()):
            if now >= at:
                now += seconds
                del stalls[at]
        while (taken := schedule.take(now)) is not None:
            slot, item = taken
            if rules.in_time(slot, now):
                item.checks.append(now)
            after = max(now, slot + 0.01)
            schedule.put(item, rules.next_due(after, interval=30.0, phase=rules.phase_of(item.number)))


def test_each_has_its_turn_in_each_interval() -> None:
    items = [Item(n) for n in range(1, 2001)]
    _run(items, start=1_795_000_000.0, end=1_795_000_300.0, stalls={})
    assert {len(item.checks) for item in items} == {10}
    for item in items:
        gaps = [b - a for a, b in zip(item.checks, item.checks[1:], strict=False)]
        assert all(abs(gap - 30.0) < 1e-4 for gap in gaps)


def test_a_standstill_makes_no_burst_and_is_over_within_an_interval() -> None:
    items = [Item(n) for n in range(1, 2001)]
    start = 1_795_000_000.0
    _run(items, start=start, end=start + 300, stalls={start + 100: 47.0})
    per_tenth: dict[int, int] = {}
    for item in items:
        for at in item.checks:
            per_tenth[int((at - start) * 10)] = per_tenth.get(int((at - start) * 10), 0) + 1
        assert any(start + 147 <= at <= start + 177.1 for at in item.checks), "back within one interval"
    # 2,000 probes in 30 s are 6.7 in a tenth of a second; after the standstill one second's worth may come.
    assert max(per_tenth.values()) <= 2000 / 30 + 15


@pytest.mark.anyio
async def test_a_lane_starts_no_more_than_its_width_and_forgets_nobody() -> None:
    started: list[int] = []
    ends: dict[int, anyio.Event] = {}

    async def work(item: int) -> None:
        started.append(item)
        ends[item] = anyio.Event()
        await ends[item].wait()

    async def end(items: range, *, then: int) -> None:
        for item in items:
            ends[item].set()
        while len(started) < then:
            await anyio.lowlevel.checkpoint()

    lane: Lane[int] = Lane(3, work)
    async with anyio.create_task_group() as group:
        lane.open(group)
        for n in range(10):
            lane.offer(n)
        await end(range(0), then=3)
        assert started == [0, 1, 2]
        assert lane.waiting == 7
        await end(range(3), then=6)
        await end(range(3, 6), then=9)
        assert lane.waiting == 1
        await end(range(6, 9), then=10)
        assert started == list(range(10))
        await end(range(9, 10), then=10)
        await anyio.wait_all_tasks_blocked()
        # All three are idle, and the same three work again.
        for n in range(20, 24):
            lane.offer(n)
        await end(range(0), then=13)
        assert started[10:] == [20, 21, 22]
        assert lane.waiting == 1
        group.cancel_scope.cancel()


@pytest.mark.anyio
async def test_a_lane_of_what_never_waits_lets_others_have_their_turn() -> None:
    worked = turns = 0

    async def work(_: int) -> None:
        nonlocal worked
        worked += 1

    lane: Lane[int] = Lane(1, work)
    async with anyio.create_task_group() as group:
        lane.open(group)
        for n in range(100):
            lane.offer(n)
        while worked < 100:
            await anyio.lowlevel.checkpoint()
            turns += 1
        group.cancel_scope.cancel()
    assert turns >= 90


class Interruptible:
    """A watch of nothing, whose check waits for ever."""

    def __init__(self) -> None:
        self.watch = Watch(probe(1), read("tcp", {"port": 1}), None, since=0.0)
        self.caught: list[bool] = []

    async def check(self, seconds: float = 60.0) -> None:
        """Check until interrupted."""
        self.watch.begin(ends_by=0.0)
        try:
            await anyio.sleep(seconds)
        except asyncio.CancelledError:
            self.caught.append(self.watch.was_interrupted())
            if not self.caught[-1]:
                raise
        finally:
            self.watch.end()


@pytest.mark.anyio
async def test_an_interrupted_check_ends_and_its_worker_goes_on() -> None:
    one = Interruptible()
    async with anyio.create_task_group() as group:
        lane: Lane[float] = Lane(1, one.check)
        lane.open(group)
        for _ in range(3):
            lane.offer(60.0)
            await anyio.wait_all_tasks_blocked()
            one.watch.interrupt()
            one.watch.interrupt()
            await anyio.wait_all_tasks_blocked()
        assert one.caught == [True, True, True]
        # One that is over by itself is not held against the next.
        lane.offer(0.0)
        await anyio.wait_all_tasks_blocked()
        one.watch.interrupt()
        lane.offer(60.0)
        await anyio.wait_all_tasks_blocked()
        assert len(one.caught) == 3
        group.cancel_scope.cancel()
    # That was not ours to catch.
    assert one.caught == [True, True, True, False]

"""The heap and the lanes, driven by a clock of the test's own."""

from dataclasses import dataclass, field

from eulermaker.features.probes import rules
from eulermaker.features.probes.schedule import LaneQueue, Schedule


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


def test_a_lane_starts_no_more_than_its_width_and_forgets_nobody() -> None:
    started: list[int] = []
    lane: LaneQueue[int] = LaneQueue(3, started.append)
    for n in range(10):
        lane.offer(n)
    assert started == [0, 1, 2]
    assert lane.waiting == 7
    for _ in range(7):
        lane.done()
    assert started == list(range(10))
    for _ in range(3):
        lane.done()
    assert lane.running == 0
    lane.offer(99)
    assert started[-1] == 99

"""When checks are due, what verdicts change, who works: pure rules, in virtual time."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.features.probes import rules
from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.rules import Health, Remedy, Span, Thresholds, advance, next_due

S, F, U = Status.SUCCESS, Status.FAILURE, Status.UNKNOWN


def after(statuses: str, thresholds: Thresholds, start: Health | None = None) -> Health:
    """The health after checks that went so: `s`, `f` or `u`."""
    health = start or Health()
    for letter in statuses:
        health = advance(health, {"s": S, "f": F, "u": U}[letter], thresholds)
    return health


@pytest.mark.parametrize(
    ("statuses", "success", "failure", "state"),
    [
        ("", 1, 3, U),
        ("s", 1, 3, S),
        ("s", 2, 3, U),
        ("sfs", 2, 3, U),
        ("ss", 2, 3, S),
        ("ff", 1, 3, U),
        ("fff", 1, 3, F),
        ("sffs", 1, 3, S),
        ("sff", 1, 3, S),
        ("sfff", 1, 3, F),
        ("sfffs", 2, 3, F),
        ("sfffsfs", 2, 3, F),
        ("sfffss", 2, 3, S),
        ("suuuuuuu", 1, 1, S),
        ("fufuf", 1, 3, F),
        ("fsfsfs", 1, 3, S),
        ("fufusf", 1, 3, S),
    ],
)
def test_states_change_after_so_many_checks_in_a_row(
    statuses: str, success: int, failure: int, state: Status
) -> None:
    assert after(statuses, Thresholds(success, failure)).state is state


def test_a_healthy_probe_stays_the_same_value() -> None:
    healthy = after("s", Thresholds(1, 3))
    assert advance(healthy, S, Thresholds(1, 3)) is healthy


@given(st.text("sfu", max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_unknown_checks_change_nothing(statuses: str, success: int, failure: int) -> None:
    thresholds = Thresholds(success, failure)
    assert after(statuses, thresholds) == after(statuses.replace("u", ""), thresholds)


@given(st.text("sf", max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_a_state_has_had_its_row_of_checks(statuses: str, success: int, failure: int) -> None:
    health = after(statuses, Thresholds(success, failure))
    rows = {S: "s" * success, F: "f" * failure}
    last = {state: statuses.rfind(row) + len(row) for state, row in rows.items() if row in statuses}
    assert health.state is (max(last, key=lambda state: last[state]) if last else U)


def test_counting_begins_anew_without_changing_the_state() -> None:
    thresholds = Thresholds(1, 3)
    health = rules.fresh(after("sff", thresholds))
    assert health.state is S
    assert after("ff", thresholds, health).state is S
    assert after("fff", thresholds, health).state is F


@given(
    st.floats(1_700_000_000, 2_000_000_000),
    st.sampled_from([1.0, 2.5, 10.0, 30.0, 60.0, 3600.0, 86_400.0]),
    st.integers(1, 10**6),
)
def test_the_next_time_is_later_by_an_interval_at_most(now: float, interval: float, number: int) -> None:
    phase = rules.phase_of(number)
    due = next_due(now, interval=interval, phase=phase)
    assert now < due <= now + interval * (1 + 1e-9)
    # A whole number of intervals plus the phase, wherever one begins to count.
    assert math.isclose((due / interval - phase) % 1.0 % 1.0, 0.0, abs_tol=1e-4) or math.isclose(
        (due / interval - phase) % 1.0, 1.0, abs_tol=1e-4
    )
    again = next_due(due + interval / 2, interval=interval, phase=phase)
    assert math.isclose(again - due, interval, rel_tol=1e-6)


def test_times_do_not_depend_on_when_a_process_starts() -> None:
    phase = rules.phase_of(4711)
    begun_early = next_due(1_795_000_000.0, interval=30.0, phase=phase)
    for late in range(1, 29):
        found = next_due(begun_early - late, interval=30.0, phase=phase)
        assert math.isclose(found, begun_early, abs_tol=1e-5)


@pytest.mark.parametrize("count", [10, 100, 1000, 10_000])
def test_probes_lie_evenly_apart_from_the_first_second(count: int) -> None:
    start = 1_795_000_123.4
    due = [next_due(start, interval=30.0, phase=rules.phase_of(n)) - start for n in range(1, count + 1)]
    assert all(0 < one <= 30.0 for one in due), "everyone has a turn within the first interval"
    per_second = Counter(int(one) for one in due)
    assert max(per_second.values()) <= count / 30 + 2
    assert min(per_second[second] for second in range(30)) >= count / 30 - 2


def test_a_part_of_the_probes_lies_as_evenly() -> None:
    """Those of one shard, as they are when several processes share the work."""
    start = 1_795_000_123.4
    mine = [n for n in range(1, 10_001) if rules.shard_of(n) == 5]
    per_second = Counter(int(next_due(start, interval=30.0, phase=rules.phase_of(n)) - start) for n in mine)
    assert max(per_second.values()) <= 3 * len(mine) / 30


def test_what_is_late_is_left_out() -> None:
    assert rules.in_time(100.0, 100.9)
    assert not rules.in_time(100.0, 130.0)


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 8, 32, 40])
def test_shares_become_fair_and_stay(workers: int) -> None:
    """Processes that come one after the other, then one that dies: nobody holds what another holds."""
    held: list[list[int]] = []
    for _ in range(workers):
        held.append([])
        for _ in range(3):
            _share_out(held)
    assert sorted(shard for mine in held for shard in mine) == list(range(rules.SHARDS))
    sizes = [len(mine) for mine in held]
    assert max(sizes) <= rules.fair_share(workers)
    before = [list(mine) for mine in held]
    _share_out(held)
    assert held == before, "a fair state is left alone"
    if workers > 1:
        held.pop(0)
        for _ in range(3):
            _share_out(held)
        assert sorted(shard for mine in held for shard in mine) == list(range(rules.SHARDS))


def _share_out(held: list[list[int]]) -> None:
    for mine in held:
        for shard in rules.to_release(mine, len(held)):
            mine.remove(shard)
        free = set(range(rules.SHARDS)) - {shard for other in held for shard in other}
        mine += rules.to_claim(mine, free, len(held))


def test_uptime_leaves_out_what_is_not_known() -> None:
    spans = [Span(0, S), Span(50, F), Span(60, U), Span(80, S)]
    assert rules.uptime(spans, start=0, end=100) == pytest.approx(100 * 70 / 80)
    assert rules.uptime(spans, start=55, end=65) == 0
    assert rules.uptime(spans, start=62, end=70) is None
    assert rules.uptime([], start=0, end=100) is None
    assert rules.uptime([Span(40, S)], start=0, end=100) == 100


def test_remedies_wait_longer_each_time_and_end() -> None:
    remedy = Remedy(cooldown=60, ceiling=4, window=3600)
    attempts: list[float] = []
    now = 1000.0
    # Asked with every failing check: each 10 s for half an hour.
    while now < 2800:
        due = rules.remedy_due(remedy, attempts, now=now)
        if due is not None and due <= now:
            attempts.append(now)
        now += 10
    assert attempts == [1000, 1060, 1180, 1420]
    assert rules.remedy_due(remedy, attempts, now=4500) is None
    assert rules.remedy_due(remedy, attempts, now=4700) is not None, "the first has left the window"


def test_configurations_are_merged_by_field() -> None:
    known = {"url": "http://a/", "interval": 30, "body": "x"}
    assert rules.merged(known, {"interval": 60, "body": None}) == {"url": "http://a/", "interval": 60}

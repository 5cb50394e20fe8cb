"""Results as bytes: nothing is lost, and little is needed."""

import json
import math
import random

from hypothesis import given
from hypothesis import strategies as st

from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.packing import (
    BUDGET,
    HOUR_MS,
    MAX_DETAILS,
    SUCCESS_BUDGET,
    Hour,
    Result,
    Sketch,
    bin_of_hour,
    detail_text,
    entries,
    entry,
    minutes_of,
    packed_minutes,
    tenths,
    unpacked_minutes,
)

HOUR = 498_600
OK = '{"status_code":200}'

results = st.lists(
    st.builds(
        Result,
        st.integers(HOUR * HOUR_MS, (HOUR + 1) * HOUR_MS - 1),
        st.sampled_from(Status),
        st.integers(0, 2**32 - 1),
        st.sampled_from([OK, "{}", '{"error":"超时"}']),
    ),
    max_size=50,
    unique_by=lambda one: one.at,
)


@given(results, st.integers(0, 2**32 - 1))
def test_the_journal_gives_back_what_it_was_given(found: list[Result], number: int) -> None:
    data = b"".join(entry((number + i % 2) % 2**32, one) for i, one in enumerate(found))
    assert [one for _, one in entries(data)] == found
    assert [one for _, one in entries(data, only=number)] == found[::2]


@given(results, st.integers(1, 50))
def test_an_hour_gives_back_what_it_was_given_in_order(found: list[Result], size: int) -> None:
    hour = Hour(HOUR)
    for i in range(0, len(found), size):
        hour.add(found[i : i + size])
    assert hour.results() == sorted(found, key=lambda one: one.at)
    assert hour.checks == len(found)
    assert hour.succeeded == sum(one.status is Status.SUCCESS for one in found)
    assert hour.failed == sum(one.status is Status.FAILURE for one in found)
    durations = [one.duration for one in found if one.status is Status.SUCCESS]
    assert (hour.duration_min, hour.duration_max) == (
        min(durations, default=None),
        max(durations, default=None),
    )


def test_a_result_takes_a_few_bytes() -> None:
    draw = random.Random(1)
    hour = Hour(HOUR)
    for k in range(120):
        at = HOUR * HOUR_MS + k * 30_000 + draw.randrange(20)
        hour.add([Result(at, Status.SUCCESS, int(10 * math.exp(draw.gauss(3, 0.5))), OK)])
    assert hour.data is not None
    assert (len(hour.data) + len(hour.sketch) + len(hour.details)) / 120 < 8


def test_bodies_that_never_repeat_fill_their_budget_and_no_more() -> None:
    hour = Hour(HOUR)
    for k in range(3600):
        details = json.dumps({"status_code": 200, "response_body": f"now it is {k} {'x' * 200}"})
        hour.add([Result(HOUR * HOUR_MS + k * 1000, Status.SUCCESS, 10, details)])
    assert len(hour.details) <= SUCCESS_BUDGET + 100
    told = [json.loads(one.details) for one in hour.results()]
    assert {one["status_code"] for one in told} == {200}
    assert "response_body" in told[0]
    assert "response_body" not in told[-1]
    for k in range(200):
        details = json.dumps({"error": f"refused {k % 10}", "tried": "y" * 400 + str(k)})
        hour.add([Result((HOUR + 1) * HOUR_MS - 1000 + k, Status.FAILURE, 10, details)])
    assert len(hour.details) <= BUDGET + 500
    assert json.loads(hour.results()[-1].details)["error"] == "refused 9"


def test_details_beyond_the_bound_keep_their_error() -> None:
    text = detail_text({"error": "wrong body", "response_body": "z" * 2 * MAX_DETAILS})
    assert json.loads(text) == {"error": "wrong body", "truncated": True}


@given(st.lists(st.integers(1, 600_000), min_size=1, max_size=400), st.sampled_from([0.5, 0.95, 0.99]))
def test_percentiles_are_right_within_two_percent(durations: list[int], share: float) -> None:
    half = len(durations) // 2
    sketch = Sketch().adding(durations[:half]).merging(Sketch().adding(durations[half:]))
    found = Sketch.unpacked(sketch.packed()).quantile(share)
    exact = sorted(durations)[math.ceil(share * len(durations)) - 1] / 10
    assert found is not None
    assert abs(found - exact) <= 0.021 * exact + 0.01


def test_no_durations_have_no_percentile() -> None:
    assert Sketch.unpacked(b"").quantile(0.5) is None


@given(results)
def test_minutes_sum_up_their_results(found: list[Result]) -> None:
    bins = minutes_of(found)
    assert unpacked_minutes(packed_minutes(bins), hour=HOUR) == bins
    assert sum(one.checks for one in bins) == len(found)
    for one in bins:
        inside = sorted(
            r.duration for r in found if one.at <= r.at < one.at + 60_000 and r.status is Status.SUCCESS
        )
        assert one.succeeded == len(inside)
        if inside:
            assert (one.duration_min, one.duration_max) == (inside[0], inside[-1])
            assert one.duration_p95 == inside[math.ceil(0.95 * len(inside)) - 1]


def test_an_hour_is_one_bin() -> None:
    hour = Hour(HOUR)
    times = [HOUR * HOUR_MS + k for k in range(100)]
    hour.add([Result(at, Status.SUCCESS, 100 + k, OK) for k, at in enumerate(times)])
    one = bin_of_hour(hour)
    assert (one.at, one.checks, one.duration_min, one.duration_max) == (HOUR * HOUR_MS, 100, 100, 199)
    assert one.duration_avg == round(sum(range(100, 200)) / 100)
    assert one.duration_p95 is not None
    assert abs(one.duration_p95 - 194) <= 4


def test_durations_are_bounded() -> None:
    assert tenths(-1.0) == 0
    assert tenths(45.26) == 453
    assert tenths(1e12) == 2**32 - 1

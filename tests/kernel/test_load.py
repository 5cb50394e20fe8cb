"""The load: a loop that is really blocked, and requests that have no answer yet."""

import time
from collections.abc import AsyncIterator

import anyio
import pytest

from eulermaker.kernel.faults import Fault
from eulermaker.kernel.load import Load
from eulermaker.kernel.settings import Overload

pytestmark = pytest.mark.anyio
WAIT = 30.0


@pytest.fixture
async def load() -> AsyncIterator[Load]:
    measured = Load(Overload(max_lag_seconds=0.1, max_in_flight=2, max_queue_seconds=60))
    async with anyio.create_task_group() as group:
        group.start_soon(measured.run)
        yield measured
        group.cancel_scope.cancel()


async def test_a_loop_that_is_blocked_again_and_again_is_an_overload_until_it_is_free(load: Load) -> None:
    deadline = time.monotonic() + WAIT
    while load.refusal() is None:
        assert time.monotonic() < deadline
        time.sleep(0.3)  # noqa: ASYNC251  # blocks the loop on purpose
        await anyio.sleep(0.01)
    refusal = load.refusal()
    assert refusal is not None
    assert refusal.entry.slug == "overloaded"
    assert refusal.retry_after == refusal.details["retryAfter"]
    assert refusal.details["currentLoad"] >= 100
    while load.refusal() is not None:
        assert time.monotonic() < deadline
        await anyio.sleep(0.05)


async def test_a_loop_that_comes_back_late_once_is_none() -> None:
    now = 0.0
    load = Load(Overload(max_lag_seconds=0.1), clock=lambda: now)
    late = iter([0.25, 0.0])

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds + next(late)

    with pytest.raises(RuntimeError, match="StopIteration"):
        await load.run(sleep)
    assert 0 < load.lag < 0.1


async def test_requests_without_an_answer_are_counted_until_it_begins_or_they_fail(load: Load) -> None:
    with load.request() as one, load.request():
        assert load.refusal() is not None
        one.answered()
        assert load.in_flight == 1
        assert load.refusal() is None
        one.answered()
        assert load.in_flight == 1
    assert load.in_flight == 0
    with pytest.raises(KeyError), load.request():
        raise KeyError
    assert load.in_flight == 0


async def test_an_old_queue_holds_up_new_builds_only(load: Load) -> None:
    load.queue_seconds = 60.0
    with pytest.raises(Fault) as refused:
        load.require_queue()
    assert refused.value.entry.slug == "overloaded"
    assert load.refusal() is None
    load.queue_seconds = 59.9
    load.require_queue()


async def test_nothing_is_turned_away_where_that_is_switched_off() -> None:
    load = Load(Overload(enabled=False, max_in_flight=1))
    with load.request():
        assert load.refusal() is None

"""The sliding window in virtual time, its bounds, and what Redis shares and survives."""

import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eulermaker.kernel.limits import Limits, Quota, Verdict, Windows, origin
from eulermaker.kernel.redis import Redis
from tests.redis_server import RedisProcess, shared_redis

TEN = Quota("auth", 10)


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    opened = Redis(shared_redis())
    yield opened
    await opened.close()


def test_the_limit_is_allowed_and_not_one_more(clock: Time) -> None:
    windows = Windows(clock=clock)
    told = [windows.count(TEN, "user_1") for _ in range(11)]
    assert [verdict.allowed for verdict in told] == [True] * 10 + [False]
    assert [verdict.remaining for verdict in told] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert told[-1] == Verdict(allowed=False, limit=10, remaining=0, wait=60.0)


def test_what_is_told_as_the_wait_is_when_the_next_one_is_allowed(clock: Time) -> None:
    windows = Windows(clock=clock)
    for _ in range(10):
        windows.count(TEN, "user_1")
        clock.now += 3
    refused = windows.count(TEN, "user_1")
    assert (refused.allowed, refused.wait) == (False, 30.0)
    clock.now += refused.wait - 0.001
    assert not windows.count(TEN, "user_1").allowed
    clock.now += 0.001
    assert windows.count(TEN, "user_1") == Verdict(allowed=True, limit=10, remaining=0, wait=3.0)


def test_those_who_are_refused_and_go_on_asking_are_not_punished(clock: Time) -> None:
    windows = Windows(clock=clock)
    for _ in range(10):
        windows.count(TEN, "user_1")
    for _ in range(59):
        clock.now += 1
        assert not windows.count(TEN, "user_1").allowed
    clock.now += 1
    assert windows.count(TEN, "user_1").remaining == 9


def test_everybody_and_every_quota_is_counted_alone(clock: Time) -> None:
    windows = Windows(clock=clock)
    for _ in range(11):
        windows.count(TEN, "user_1")
    assert windows.count(TEN, "user_2").allowed
    assert windows.count(Quota("reads", 200), "user_1").remaining == 199


@given(st.lists(st.floats(0, 20, allow_nan=False), max_size=120), st.integers(1, 12))
def test_no_window_wherever_it_begins_holds_more_than_the_limit(pauses: list[float], limit: int) -> None:
    clock, quota = Time(), Quota("x", limit, seconds=60)
    windows = Windows(clock=clock)
    allowed: list[float] = []
    for pause in pauses:
        clock.now += pause
        recent = [at for at in allowed if at > clock.now - 60]
        verdict = windows.count(quota, "user_1")
        # Exactly those that a list of all times would allow: neither more nor fewer.
        assert verdict.allowed == (len(recent) < limit)
        if verdict.allowed:
            allowed.append(clock.now)


def test_the_idle_are_forgotten_and_the_number_of_keys_is_bounded(clock: Time) -> None:
    windows = Windows(clock=clock, max_keys=100)
    for number in range(1000):
        windows.count(TEN, f"10.0.0.{number}")
    assert len(windows) == 100
    clock.now += 61
    windows.count(TEN, "late")
    assert len(windows) == 1


def test_one_who_goes_on_asking_is_not_forgotten_among_many(clock: Time) -> None:
    windows = Windows(clock=clock, max_keys=100)
    for number in range(500):
        verdict = windows.count(TEN, "busy")
        windows.count(TEN, f"other {number}")
    assert not verdict.allowed


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_stands_for_its_subscriber(address: str, whom: str) -> None:
    assert origin(address) == whom


@pytest.mark.anyio
async def test_two_processes_share_one_window_in_redis(redis: Redis) -> None:
    other = Redis(shared_redis())
    here, there = Limits(redis), Limits(other)
    told = [await random.choice((here, there)).count(TEN, "user_1") for _ in range(12)]
    await other.close()
    assert [verdict.allowed for verdict in told] == [True] * 10 + [False] * 2
    assert [verdict.remaining for verdict in told] == [*range(9, -1, -1), 0, 0]
    assert all(59 < verdict.wait <= 60 for verdict in told)


@pytest.mark.anyio
async def test_of_many_that_ask_redis_at_once_as_many_as_the_limit_are_allowed(redis: Redis) -> None:
    limits = Limits(redis)
    told: list[Verdict] = []

    async def ask() -> None:
        told.append(await limits.count(TEN, "user_1"))

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(ask)
    assert sum(verdict.allowed for verdict in told) == 10


@pytest.mark.anyio
async def test_a_window_in_redis_slides(redis: Redis) -> None:
    limits, quota = Limits(redis), Quota("short", 2, seconds=0.5)
    assert (await limits.count(quota, "user_1")).allowed
    assert (await limits.count(quota, "user_1")).allowed
    refused = await limits.count(quota, "user_1")
    assert not refused.allowed
    assert 0 < refused.wait <= 0.5
    await anyio.sleep(refused.wait + 0.01)
    assert (await limits.count(quota, "user_1")).allowed


@pytest.mark.anyio
async def test_while_redis_is_away_this_process_counts_alone_and_then_goes_back(tmp_path: Path) -> None:
    with RedisProcess(tmp_path).running() as process:
        redis = Redis(process.url)
        limits = Limits(redis)
        async with anyio.create_task_group() as group:
            group.start_soon(redis.run)
            for _ in range(10):
                assert (await limits.count(TEN, "user_1")).allowed
            process.kill()
            told = [await limits.count(TEN, "user_1") for _ in range(11)]
            assert [verdict.allowed for verdict in told] == [True] * 10 + [False]
            assert not redis.available

            process.start()
            deadline = time.monotonic() + 30
            while not redis.available:
                assert time.monotonic() < deadline
                await anyio.sleep(0.05)
            assert (await limits.count(TEN, "user_1")).remaining == 9
            group.cancel_scope.cancel()
        await redis.close()


@pytest.mark.anyio
async def test_a_redis_that_hangs_delays_one_request_and_no_others(tmp_path: Path) -> None:
    with RedisProcess(tmp_path).running() as process:
        redis = Redis(process.url)
        limits = Limits(redis)
        assert (await limits.count(TEN, "user_1")).allowed
        assert process.process is not None
        process.process.send_signal(signal.SIGSTOP)
        assert (await limits.count(TEN, "user_1")).remaining == 9
        assert not redis.available
        # Waiting for Redis each time would take 50 s.
        with anyio.fail_after(25):
            for _ in range(100):
                await limits.count(TEN, "user_2")
        process.process.send_signal(signal.SIGCONT)
        await redis.close()

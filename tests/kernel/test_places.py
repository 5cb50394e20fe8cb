"""The places of sockets: the limit, their return, and leases that outlive no killed process."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from eulermaker.kernel.faults import Fault
from eulermaker.kernel.redis import Redis
from eulermaker.kernel.sockets import Place, Places
from tests.redis_server import RedisProcess, shared_redis

pytestmark = pytest.mark.anyio
LEASE = 0.6


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    opened = Redis(shared_redis())
    yield opened
    await opened.close()


async def taken(places: Places, user: str = "user_1") -> Place:
    place = Place()
    await places.take(place, user)
    return place


async def refused(places: Places, user: str = "user_1") -> bool:
    try:
        await places.give_back(await taken(places, user))
    except Fault as fault:
        return fault.entry.slug == "too-many-sockets"
    return False


async def until_back(redis: Redis) -> None:
    deadline = time.monotonic() + 30
    while not redis.available:
        assert time.monotonic() < deadline
        await anyio.sleep(0.05)


async def test_a_user_has_as_many_places_as_the_limit_and_gets_them_back() -> None:
    places = Places(50, None)
    held = [await taken(places) for _ in range(50)]
    assert await refused(places)
    assert not await refused(places, "user_2")
    await places.give_back(held[7])
    await places.give_back(Place())
    assert not await refused(places)
    for place in held[:7] + held[8:]:
        await places.give_back(place)
    assert places.held_by("user_1") == 0


async def test_a_socket_that_asks_twice_takes_one_place() -> None:
    places, place = Places(1, None), Place()
    await places.take(place, "user_1")
    await places.take(place, "user_1")
    assert places.held_by("user_1") == 1


async def test_without_a_limit_nobody_is_counted() -> None:
    places = Places(None, None)
    for _ in range(100):
        await taken(places)
    assert places.held_by("user_1") == 0


async def test_processes_share_the_places_and_those_of_a_killed_one_become_free(redis: Redis) -> None:
    other = Redis(shared_redis())
    killed, alive = Places(2, other, lease=LEASE), Places(2, redis, lease=LEASE)
    await taken(killed)
    await taken(alive)
    assert await refused(alive)
    async with anyio.create_task_group() as group:
        group.start_soon(alive.run)
        # Nobody renews for `killed`, as when its process has died; `alive` keeps its own place.
        await anyio.sleep(2 * LEASE)
        await taken(alive)
        assert await refused(alive)
        group.cancel_scope.cancel()
    await other.close()


async def test_places_that_redis_has_lost_are_told_to_it_again(tmp_path: Path) -> None:
    with RedisProcess(tmp_path).running() as process:
        redis = Redis(process.url)
        places = Places(2, redis, lease=LEASE)
        async with anyio.create_task_group() as group:
            group.start_soon(redis.run)
            group.start_soon(places.run)
            first = await taken(places)
            process.kill()
            await taken(places)
            assert await refused(places)
            assert not redis.available
            process.start()
            await until_back(redis)
            await anyio.sleep(LEASE)
            newcomer = Redis(process.url)
            assert await refused(Places(2, newcomer, lease=LEASE))
            await places.give_back(first)
            assert not await refused(Places(2, newcomer, lease=LEASE))
            await newcomer.close()
            group.cancel_scope.cancel()
        await redis.close()

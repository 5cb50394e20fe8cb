"""Who guesses has to wait: five misses, whatever the route, and whoever is guessed at."""

from collections.abc import Awaitable

import anyio
import pytest

from eulermaker.features.accounts.faults import ACCOUNT_LOCKED, WRONG_CREDENTIALS
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.faults import Fault
from tests.features.accounts.conftest import PASSWORD, World
from tests.features.accounts.people import ADMIN, add, person, signed_in

pytestmark = pytest.mark.anyio
HALF_AN_HOUR = 1800


async def told(attempt: Awaitable[object]) -> Fault:
    """The fault that an attempt meets."""
    with pytest.raises(Fault) as fault:
        await attempt
    return fault.value


@pytest.mark.parametrize("name", ["li", "li@example.org", "nobody"])
async def test_the_fifth_miss_locks_and_the_right_password_does_not_help(name: str, world: World) -> None:
    await add(world, "li", email="li@example.org")
    for left in (4, 3, 2, 1):
        fault = await told(world.desk.sign_in.login(name, "wrong"))
        assert (fault.entry, fault.details["remaining_attempts"]) == (WRONG_CREDENTIALS, left)
        world.clock.move(60)
    until = world.clock.now.timestamp() + HALF_AN_HOUR
    for password in ("wrong", PASSWORD, "wrong"):
        fault = await told(world.other_desk.sign_in.login(name, password))
        assert fault.entry is ACCOUNT_LOCKED
        assert fault.details["remaining_time"] == until - world.clock.now.timestamp()
        world.clock.move(60)
    assert fault.details["lockout_time"] == rfc3339(
        world.clock.now.fromtimestamp(until, world.clock.now.tzinfo)
    )


async def test_a_lock_ends_after_half_an_hour_and_the_count_begins_anew(world: World) -> None:
    await add(world, "li")
    for _ in range(5):
        await told(world.desk.sign_in.login("li", "wrong"))
    world.clock.move(HALF_AN_HOUR)
    fault = await told(world.desk.sign_in.login("li", "wrong"))
    assert (fault.entry, fault.details["remaining_attempts"]) == (WRONG_CREDENTIALS, 4)
    assert (await world.desk.sign_in.login("li", PASSWORD)).token


async def test_misses_count_by_account_whatever_it_is_called(world: World) -> None:
    await add(world, "li", email="li@example.org")
    for name in ("li", "LI", "li@example.org", "Li@Example.org"):
        assert (await told(world.desk.sign_in.login(name, "wrong"))).entry is WRONG_CREDENTIALS
    assert (await told(world.desk.sign_in.login("li", "wrong"))).entry is ACCOUNT_LOCKED


async def test_a_right_password_in_between_begins_the_count_anew(world: World) -> None:
    await add(world, "li")
    for _ in range(3):
        for _ in range(4):
            assert (await told(world.desk.sign_in.login("li", "wrong"))).entry is WRONG_CREDENTIALS
        assert (await world.desk.sign_in.login("li", PASSWORD)).token


async def test_guesses_at_the_current_password_count_as_well(world: World) -> None:
    li = await person(world, "li")
    for _ in range(4):
        fault = await told(world.desk.users.change_password(li.call, current="wrong", new="new password 1"))
        assert fault.entry is WRONG_CREDENTIALS
    assert (await told(world.desk.sign_in.login("li", "wrong"))).entry is ACCOUNT_LOCKED
    fault = await told(world.desk.users.change_password(li.call, current=PASSWORD, new="new password 1"))
    assert fault.entry is ACCOUNT_LOCKED


async def test_many_guesses_at_once_are_five(world: World) -> None:
    await add(world, "li")
    entries = []

    async def guess(number: int) -> None:
        desk = (world.desk, world.other_desk)[number % 2]
        entries.append((await told(desk.sign_in.login("li", "wrong"))).entry)

    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(guess, number)
    assert entries.count(WRONG_CREDENTIALS) == 4
    assert entries.count(ACCOUNT_LOCKED) == 8


async def test_an_administrator_ends_a_lock(world: World) -> None:
    li = await add(world, "li")
    for _ in range(5):
        await told(world.desk.sign_in.login("li", "wrong"))
    root = await signed_in(world.desk, ADMIN)
    await world.desk.users.resume(root.call, li.id)
    assert (await world.desk.sign_in.login("li", PASSWORD)).token

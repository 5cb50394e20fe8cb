"""Many who ask the same at once share one look."""

import anyio
import anyio.lowlevel
import pytest

from eulermaker.kernel.singleflight import SingleFlight


@pytest.mark.anyio
async def test_equal_questions_share_a_look_and_others_do_not() -> None:
    flights, looks = SingleFlight[str](), []

    async def ask(key: str) -> None:
        async def look_up() -> str:
            looks.append(key)
            await anyio.lowlevel.checkpoint()
            return key

        assert await flights.ask(key, look_up) == key

    async with anyio.create_task_group() as group:
        for key in "abab":
            group.start_soon(ask, key)
    assert sorted(looks) == ["a", "b"]
    await ask("a")
    assert sorted(looks) == ["a", "a", "b"]


@pytest.mark.anyio
async def test_who_shared_a_look_that_failed_looks_alone() -> None:
    flights, asked = SingleFlight[str](), anyio.Event()
    failed: list[str] = []

    async def break_down() -> str:
        await asked.wait()
        raise LookupError

    async def first() -> None:
        try:
            await flights.ask("key", break_down)
        except LookupError:
            failed.append("first")

    async def second() -> str:
        return "found"

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        asked.set()
        assert await flights.ask("key", second) == "found"
    assert failed == ["first"]


@pytest.mark.anyio
async def test_the_death_of_who_asked_first_kills_nobody_else() -> None:
    flights = SingleFlight[str]()

    async def second() -> str:
        return "found"

    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope()

        async def first() -> None:
            with scope:
                await flights.ask("key", _never)

        group.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(_cancel, scope)
        assert await flights.ask("key", second) == "found"


async def _never() -> str:
    await anyio.sleep_forever()
    raise AssertionError("unreachable")


async def _cancel(scope: anyio.CancelScope) -> None:
    scope.cancel()

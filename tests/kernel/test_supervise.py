"""The root task group: who dies takes the others along; a nudge is never lost."""

from functools import partial

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eulermaker.kernel.faults import DATABASE_UNAVAILABLE, INTERNAL, Fault
from eulermaker.kernel.supervise import Nudge, Service, ServiceEnded, every, run_services, whenever

pytestmark = pytest.mark.anyio
LONG = 60.0


async def dying() -> None:
    await anyio.lowlevel.checkpoint()
    raise ZeroDivisionError


async def leaving() -> None:
    await anyio.lowlevel.checkpoint()


class Witness:
    """Runs for ever, and tells whether it was ended."""

    ended = False

    async def run(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self.ended = True


def leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


@pytest.mark.parametrize(("service", "expected"), [(dying, ZeroDivisionError), (leaving, ServiceEnded)])
async def test_a_service_that_ends_takes_everything_with_it(
    service: Service, expected: type[Exception]
) -> None:
    witness = Witness()
    with pytest.raises(ExceptionGroup) as ended, anyio.fail_after(LONG):  # noqa: PT012  # one story
        async with anyio.create_task_group() as root:
            await root.start(run_services, {"ends": service, "stays": witness.run})
            await anyio.sleep_forever()
    [cause] = leaves(ended.value)
    assert type(cause) is expected
    assert witness.ended


async def test_services_end_when_they_are_cancelled() -> None:
    witness = Witness()
    async with anyio.create_task_group() as root:
        await root.start(run_services, {"stays": witness.run})
        root.cancel_scope.cancel()
    assert witness.ended


class Turns:
    """Work that does what its list says, a turn each, and then ends the test."""

    def __init__(self, *turns: BaseException | None) -> None:
        self.turns = list(turns)
        self.done = 0

    async def take(self) -> None:
        self.done += 1
        await anyio.lowlevel.checkpoint()
        if (turn := self.turns.pop(0)) is not None:
            raise turn


@pytest.mark.parametrize("last", [INTERNAL(), ZeroDivisionError()], ids=["final fault", "error"])
async def test_only_what_may_be_retried_waits_for_the_next_turn(last: Exception) -> None:
    work = Turns(None, DATABASE_UNAVAILABLE(), None, DATABASE_UNAVAILABLE(), last)
    with pytest.raises(type(last)) as ended, anyio.fail_after(LONG):
        await every(0, work.take)
    assert ended.value is last
    assert work.done == 5
    assert isinstance(last, Fault | ZeroDivisionError)


async def test_a_nudge_wakes_who_waits() -> None:
    nudge = Nudge()
    async with anyio.create_task_group() as group:
        with anyio.fail_after(LONG):
            group.start_soon(nudge.wait, 10 * LONG)
            await anyio.wait_all_tasks_blocked()
            nudge.give()


async def test_a_nudge_given_while_nobody_waits_is_kept_and_several_are_one() -> None:
    nudge = Nudge()
    nudge.give()
    nudge.give()
    with anyio.fail_after(LONG):
        await nudge.wait(10 * LONG)
    with anyio.move_on_after(0.01) as second:
        await nudge.wait(10 * LONG)
    assert second.cancelled_caught


async def test_a_lost_nudge_costs_only_time() -> None:
    with anyio.fail_after(LONG):
        await Nudge().wait(0.01)


async def test_a_cancelled_wait_keeps_the_nudge() -> None:
    nudge = Nudge()
    with anyio.CancelScope() as scope:
        scope.cancel()
        nudge.give()
        await nudge.wait(LONG)
    with anyio.fail_after(LONG):
        await nudge.wait(10 * LONG)


@settings(max_examples=50, deadline=None)
@given(pauses=st.lists(st.integers(0, 3), max_size=30), tick=st.sampled_from([0.0, 0.0001, LONG]))
def test_after_the_last_nudge_the_work_is_looked_at_again(pauses: list[int], tick: float) -> None:
    """However giving and waiting interleave: what was true at the last nudge has been seen."""
    anyio.run(partial(_interleave, pauses, tick))


async def _interleave(pauses: list[int], tick: float) -> None:
    nudge, given_, seen = Nudge(), 0, 0

    async def look() -> None:
        nonlocal seen
        while seen < len(pauses):
            await nudge.wait(tick)
            seen = given_

    async with anyio.create_task_group() as group:
        with anyio.fail_after(LONG / 2):
            group.start_soon(look)
            for pause in pauses:
                for _ in range(pause):
                    await anyio.lowlevel.checkpoint()
                given_ += 1
                nudge.give()


async def test_what_is_looked_at_is_looked_at_until_there_is_no_more() -> None:
    answers: list[bool | Fault] = [True, True, False, DATABASE_UNAVAILABLE(), False, INTERNAL()]
    looks: list[bool | Fault] = []
    nudge = Nudge()

    async def look() -> bool:
        looks.append(answers[len(looks)])
        # Kept for the wait that follows: nothing here waits for the time to pass.
        nudge.give()
        if isinstance(looks[-1], Fault):
            raise looks[-1]
        return looks[-1]

    with anyio.fail_after(LONG), pytest.raises(Fault) as raised:
        await whenever(nudge, LONG, look)
    assert raised.value.entry is INTERNAL
    assert looks == answers

"""Deadlines, cancellation and attempts, whatever is checked."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from eulermaker.features.probes.checks.run import TICK, Alarms, Attempts, Run, attempt
from eulermaker.features.probes.checks.target import Reaching
from eulermaker.features.probes.checks.verdict import Status, Verdict, failed
from tests.features.probes.checks.asking import GENEROUS, SHORT, failure, http, tcp
from tests.features.probes.checks.conftest import HERE
from tests.features.probes.checks.servers import serving, silent

pytestmark = pytest.mark.anyio


async def never(run: Run) -> Mapping[str, Any]:
    """A look that does not end."""
    run.phase = "receive"
    await asyncio.Event().wait()
    return {}


async def test_deadlines_of_many_checks_each_end_their_own() -> None:
    alarms, loop = Alarms(), asyncio.get_running_loop()
    begun = loop.time()
    wanted = [0.05 + 0.01 * number for number in range(20)]
    ends: dict[float, float] = {}

    async def one(seconds: float) -> None:
        verdict = await attempt(never, begun + seconds, alarms)
        assert failure(verdict) == "timeout"
        ends[seconds] = loop.time() - begun

    await asyncio.gather(*(one(seconds) for seconds in wanted))
    # The loop's clock counts milliseconds; never early, and in the order of the deadlines.
    assert all(ends[seconds] >= seconds - 0.002 for seconds in wanted)
    assert sorted(wanted, key=lambda seconds: ends[seconds]) == wanted
    assert TICK < 0.05


async def test_a_deadline_in_the_past_ends_a_check_at_once() -> None:
    verdict = await asyncio.wait_for(attempt(never, 0.0, Alarms()), GENEROUS)
    assert failure(verdict) == "timeout"


async def test_a_check_that_is_cancelled_is_cancelled(reaching: Reaching) -> None:
    gone = asyncio.Event()

    async def noticing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            begun.set()
            await reader.read()
        finally:
            gone.set()

    begun = asyncio.Event()
    async with serving(noticing) as port:
        task = asyncio.create_task(http(reaching, HERE, url=f"http://127.0.0.1:{port}/"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), GENEROUS)


async def test_scopes_around_a_check_are_heeded(reaching: Reaching) -> None:
    async with serving(silent) as port:
        with anyio.move_on_after(SHORT) as scope:
            await tcp(reaching, HERE, host="127.0.0.1", port=port, expect="never said")
        assert scope.cancelled_caught
        # Nothing is left of it for what comes after.
        await anyio.lowlevel.checkpoint()
        assert failure(await tcp(reaching, HERE, host="127.0.0.1", port=port, expect="x", seconds=SHORT))


class Failing:
    """Fails so many times, and takes a while each time."""

    def __init__(self, times: int, *, seconds: float = 0.0) -> None:
        self.left = times
        self.seconds = seconds
        self.made = 0

    async def __call__(self, deadline: float) -> Verdict:
        """The next of them."""

        async def look(run: Run) -> Mapping[str, Any]:
            run.phase = "receive"
            self.made += 1
            await asyncio.sleep(self.seconds)
            if self.made <= self.left:
                raise failed("connection refused")
            return {}

        return await attempt(look, deadline, Alarms())


@pytest.mark.parametrize(
    ("failures", "retries", "made", "status"),
    [(0, 3, 1, "success"), (2, 3, 3, "success"), (9, 3, 4, "failure")],
)
async def test_attempts(failures: int, retries: int, made: int, status: str) -> None:
    once = Failing(failures)
    loop = asyncio.get_running_loop()
    verdict = await Attempts(once, timeout=GENEROUS, retries=retries)(loop.time() + GENEROUS)
    assert (verdict.status, once.made) == (status, made)
    assert verdict.details.get("attempts", 1) == made


async def test_attempts_end_with_the_check() -> None:
    once = Failing(9, seconds=1000)
    began = time.monotonic()
    loop = asyncio.get_running_loop()
    verdict = await Attempts(once, timeout=0.1, retries=9)(loop.time() + 0.25)
    assert verdict.status is Status.FAILURE
    assert verdict.details["error"] == "timeout"
    assert once.made <= 4
    assert time.monotonic() - began < GENEROUS

"""A terminal's size, on an engine that refuses it for a moment after the start."""

import pytest

from eulermaker.engines.containers import ExecState
from eulermaker.engines.port import ENGINE_REFUSED
from eulermaker.features.terminals.faults import RESIZE_FAILED
from eulermaker.features.terminals.schemas import Dimensions, NewTerminal
from eulermaker.features.terminals.session import Session
from eulermaker.kernel.call import Call, Principal, Role
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.settings import Terminals

pytestmark = pytest.mark.anyio

CALL = Call(Principal("user_1", "somebody", "tenant_1", Role.USER, "session_1"), "en")


class HesitantEngine:
    """Refuses so many sizes before it takes one; its command runs, or does not."""

    def __init__(self, *, refusals: int, running: bool = True) -> None:
        self.refusals = refusals
        self.running = running
        self.sizes: list[tuple[int, int]] = []

    async def resize_exec(self, exec_id: str, *, columns: int, rows: int) -> None:
        """Take the size, or refuse it."""
        if self.refusals:
            self.refusals -= 1
            raise ENGINE_REFUSED()
        self.sizes.append((columns, rows))

    async def exec_state(self, exec_id: str) -> ExecState:
        """How the command is doing."""
        return ExecState(self.running, None if self.running else 0, 1)


def session(engine: HesitantEngine) -> Session:
    """A terminal on that engine."""
    return Session(
        "terminal_session_1",
        NewTerminal(container_id="c"),
        call=CALL,
        container="c",
        engine=engine,  # type: ignore[arg-type]  # a double with only what a resize asks
        limits=Terminals(),
        clock=utc_now,
    )


async def test_an_early_size_is_told_again() -> None:
    """Until the engine takes it."""
    engine = HesitantEngine(refusals=3)
    await session(engine).tell_size(Dimensions(cols=100, rows=30))
    assert engine.sizes == [(100, 30)]


async def test_a_size_that_is_never_taken_is_a_terminal_error() -> None:
    """With the engine's own reason as its cause."""
    with pytest.raises(Fault) as failed:
        await session(HesitantEngine(refusals=100)).tell_size(Dimensions())
    assert failed.value.entry is RESIZE_FAILED
    assert isinstance(failed.value.__cause__, Fault)


async def test_a_command_that_has_ended_needs_no_size() -> None:
    """Its engine refuses for ever."""
    engine = HesitantEngine(refusals=100, running=False)
    await session(engine).tell_size(Dimensions())
    assert engine.refusals == 99

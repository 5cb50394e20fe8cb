"""What runs in a terminal is ended on every kind of engine: beside us, far away, and without a shell."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest

from eulermaker.engines.containers import Container, ExecStream, NewExec
from eulermaker.engines.docker.containers import DockerContainers
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.features.terminals.processes import MARK, Leader, Processes, leader
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.ids import new_id
from tests.api.engine import HOST
from tests.api.terminals import act, container, marked

pytestmark = pytest.mark.anyio

JOBS = b"sleep 1001 & nohup sleep 1002 & (trap '' HUP; sleep 1003; :) & sleep 1; echo up-$((40+2))\n"


class DistantEngine:
    """An engine on another machine: nothing of its containers can be seen from here."""

    def __init__(self, engine: DockerContainers) -> None:
        self._engine = engine
        self.create_exec = engine.create_exec
        self.attach_exec = engine.attach_exec

    async def get(self, reference: str) -> Container | None:
        """The container, without the number that its first process has there."""
        found = await self._engine.get(reference)
        return found and replace(found, pid=None)


@asynccontextmanager
async def containers() -> AsyncIterator[DockerContainers]:
    """The real engine's."""
    engine = DockerEngine(HOST, builder="auto", clock=utc_now)
    try:
        yield engine.containers
    finally:
        await engine.close()


@asynccontextmanager
async def busy(engine: DockerContainers, identifier: str, terminal: str) -> AsyncIterator[int]:
    """A shell with jobs of every kind; tells the number of its first process on the host."""
    new = NewExec(("/bin/sh",), environment={MARK: terminal}, tty=True, stdin=True)
    made = await engine.create_exec(identifier, new)
    async with engine.attach_exec(made, tty=True) as stream:
        await stream.write(JOBS)
        await _until(stream, b"up-42")
        pid = (await engine.exec_state(made)).pid
        assert pid is not None
        yield pid


async def _until(stream: ExecStream, text: bytes) -> None:
    seen = b""
    while text not in seen:
        data = await stream.read(4096)
        assert data
        seen += data


@pytest.mark.parametrize("distant", [False, True], ids=["beside us", "far away"])
async def test_every_job_ends_and_nothing_else(distant: bool) -> None:
    """Those of the terminal, not those of another in the same container."""
    with container() as identifier:
        async with containers() as engine:
            mine, other = new_id("terminal_session"), new_id("terminal_session")
            async with busy(engine, identifier, mine) as pid, busy(engine, identifier, other):
                assert len(marked(mine)) >= 4
                processes = Processes(
                    DistantEngine(engine) if distant else engine,  # type: ignore[arg-type]  # wraps the real one, whose host it hides
                    container=identifier,
                    terminal=mine,
                    user=None,
                    leader=Leader(pid, None) if distant else leader(pid, identifier),
                )
                assert await processes.end() == 0
                assert marked(mine) == []
                assert len(marked(other)) >= 4
                # Again is the same as once.
                assert await processes.end() == 0


async def test_a_container_that_stopped_has_nothing_left() -> None:
    """No look into it is needed."""
    with container() as identifier:
        async with containers() as engine:
            terminal = new_id("terminal_session")
            async with busy(engine, identifier, terminal) as pid:
                there = leader(pid, identifier)
                await anyio.to_thread.run_sync(act, identifier, "stop?t=0")
                processes = Processes(
                    engine, container=identifier, terminal=terminal, user=None, leader=there
                )
                assert await processes.end() == 0


async def test_what_cannot_be_reached_is_told() -> None:
    """A paused container far away takes no signals: nobody can say what is left."""
    with container() as identifier:
        async with containers() as engine:
            terminal = new_id("terminal_session")
            async with busy(engine, identifier, terminal) as pid:
                there = Leader(pid, None)
                await anyio.to_thread.run_sync(act, identifier, "pause")
                distant = DistantEngine(engine)
                processes = Processes(
                    distant,  # type: ignore[arg-type]  # wraps the real one, whose host it hides
                    container=identifier,
                    terminal=terminal,
                    user=None,
                    leader=there,
                )
                assert await processes.end() is None
                await anyio.to_thread.run_sync(act, identifier, "unpause")


async def test_a_process_of_nobodys_container_is_never_signalled() -> None:
    """The number alone proves nothing: the control group has to name the container."""
    with container() as identifier:
        async with containers() as engine:
            here = leader(os.getpid(), identifier)
            assert here.started is None
            processes = Processes(
                engine, container=identifier, terminal=new_id("terminal_session"), user=None, leader=here
            )
            assert await processes.end() == 0

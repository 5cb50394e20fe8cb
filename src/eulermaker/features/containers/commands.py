"""Run a command in a container to its end: bounded output, bounded time."""

import os
import signal
from codecs import getincrementaldecoder
from contextlib import aclosing
from pathlib import Path

import anyio
import structlog
from anyio import to_thread

from eulermaker.engines.containers import Container, Containers, NewExec, OutputChunk
from eulermaker.features.containers import schemas

log = structlog.get_logger("eulermaker.containers")

MAX_OUTPUT = 1024 * 1024
#: How long a command may take to end once it has closed its output, or was killed.
END_SECONDS = 2.0
#: The engine notes a command's end a moment after its output has ended: it is asked again soon, then later.
FIRST_LOOK_SECONDS = 0.001
LONGEST_LOOK_SECONDS = 0.02
PROC = Path("/proc")


class Output:
    """What a command has written, up to a bound for both streams together."""

    def __init__(self, *, stdout: bool = True, stderr: bool = True, most: int = MAX_OUTPUT) -> None:
        self._wanted = {"stdout": stdout, "stderr": stderr}
        self._decoders = {name: getincrementaldecoder("utf-8")("replace") for name in self._wanted}
        self._room = most
        self._parts: list[tuple[str, str]] = []
        self.truncated = False

    def add(self, chunk: OutputChunk) -> None:
        """Take what comes next; what is too much is dropped."""
        if not self._wanted[chunk.stream]:
            return
        kept = chunk.data[: self._room]
        self.truncated = self.truncated or len(kept) < len(chunk.data)
        self._room -= len(kept)
        if kept:
            self._parts.append((chunk.stream, self._decoders[chunk.stream].decode(kept)))

    def of(self, *streams: str) -> str:
        """The text of these streams, as it came."""
        return "".join(text for stream, text in self._parts if stream in streams)


async def run(engine: Containers, container: Container, wanted: schemas.NewExec) -> schemas.Executed:
    """Run the command; at its time limit it is killed, and what it wrote until then is told."""
    new = NewExec(
        command=tuple(wanted.command),
        working_dir=wanted.working_dir,
        user=wanted.user,
        environment=wanted.environment,
        tty=wanted.tty,
    )
    exec_id = await engine.create_exec(container.id, new)
    output = Output(stdout=wanted.attach_stdout, stderr=wanted.attach_stderr)
    timed_out = await run_within(
        engine, container, exec_id, output=output, tty=wanted.tty, seconds=wanted.timeout
    )
    return schemas.Executed(
        exec_id=f"exec_{exec_id[:12]}",
        output=output.of("stdout", "stderr"),
        stdout=output.of("stdout"),
        stderr=output.of("stderr"),
        exit_code=None if timed_out else await exit_code(engine, exec_id),
        truncated=output.truncated,
        timed_out=timed_out,
    )


async def run_within(
    engine: Containers, container: Container, exec_id: str, *, output: Output, tty: bool, seconds: float
) -> bool:
    """Start a prepared command and take what it writes; tells whether it was killed at its time limit."""
    with anyio.move_on_after(seconds) as limit:
        async with aclosing(engine.run_exec(exec_id, tty=tty)) as chunks:
            async for chunk in chunks:
                output.add(chunk)
    if limit.cancelled_caught:
        await _kill(engine, container, exec_id)
    return limit.cancelled_caught


async def exit_code(engine: Containers, exec_id: str) -> int | None:
    """How it ended; None when it runs on without output."""
    with anyio.move_on_after(END_SECONDS):
        since = anyio.current_time()
        state = await engine.exec_state(exec_id)
        while state.running:
            waited = anyio.current_time() - since
            await anyio.sleep(min(max(FIRST_LOOK_SECONDS, waited / 4), LONGEST_LOOK_SECONDS))
            state = await engine.exec_state(exec_id)
        return state.exit_code
    return None


async def _kill(engine: Containers, container: Container, exec_id: str) -> None:
    """Kill the command and its process group, where this machine is the engine's host."""
    state = await engine.exec_state(exec_id)
    if not state.running:
        return
    killed = state.pid is not None and await to_thread.run_sync(_kill_group, state.pid, container.id)
    log.info("exec.timed_out", container=container.id, exec=exec_id, killed=killed)


def _kill_group(pid: int, container: str) -> bool:
    # The engine has no way to end a command. Its number counts only here, and only while it still
    # is a process of that container.
    try:
        if container not in (PROC / str(pid) / "cgroup").read_text() or os.getpgid(pid) != pid:
            return False
        os.killpg(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return True

"""Follow a build's log to its end: what is stored, then what comes."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import anyio
from anyio import to_thread

from eulermaker.features.builds.log import LogReader
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.service import Builds
from eulermaker.kernel.faults import Fault

# A lost ring, or a writer in another process, costs this much time at most.
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole stored lines."""

    data: bytes


@dataclass(frozen=True, slots=True)
class End:
    """Nothing follows line `seq`; `status` is None when the build was deleted."""

    seq: int
    status: State | None


async def _state(builds: Builds, build: str) -> State | None:
    try:
        return await builds.state(build)
    except Fault as fault:
        if not fault.entry.retryable:
            raise
        # The log is on disk: followers go on without a database, and learn the end when it is back.
        return State.RUNNING


async def follow(builds: Builds, build: str, reader: LogReader) -> AsyncGenerator[Lines | End, None]:
    """The lines from the reader's position on, until the build has ended and all were told."""
    while True:
        bell = builds.bells.listen(build)
        # Asked before reading: what was written before a build ended is read before its end is told.
        state = await _state(builds, build)
        while data := await to_thread.run_sync(reader.read):
            yield Lines(data)
        if state is None or state.terminal:
            yield End(reader.seq, state)
            return
        with anyio.move_on_after(LOOK_AGAIN_SECONDS):
            await bell.wait()

"""Log checks: whether a pattern was logged lately, each line looked at once."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from eulermaker.engines.containers import Container, Containers, LogLine
from eulermaker.features.containers.notation import engine_moment
from eulermaker.features.probes.checks.engine import telling_faults
from eulermaker.features.probes.checks.pattern import Pattern
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.verdict import Verdict, failed, shown, unknown
from eulermaker.features.probes.config import Log
from eulermaker.kernel.clock import Clock

#: How much is read in one check, in bytes; the next one goes on from there.
MAX_READ = 4 * 1024 * 1024


class LogCheck:
    """One configuration, ready to be asked again and again."""

    def __init__(
        self, config: Log, target: Target, reaching: Reaching, engine: Containers, clock: Clock
    ) -> None:
        self._config = config
        self._target = target
        self._reaching = reaching
        self._engine = engine
        self._clock = clock
        self._window = timedelta(seconds=config.window or config.interval)
        self._pattern = Pattern(config.pattern, case_sensitive=config.case_sensitive)
        #: The time of the last line that was looked at, and the last one that matched.
        self._read_to: str | None = None
        self._match: LogLine | None = None

    async def __call__(self, deadline: float) -> Verdict:
        """Read what is new, and judge."""
        return await attempt(self._look, deadline, self._reaching.alarms)

    async def _look(self, run: Run) -> Mapping[str, Any]:
        container = self._reaching.container(self._target)
        run.phase = "engine"
        begin = self._clock() - self._window
        with telling_faults():
            all_read = await self._read(container, begin)
        match = self._match
        recent = match is not None and datetime.fromisoformat(_micro(match.at)) >= begin
        if match is not None and recent:
            run.facts |= {"line": shown(match.text), "logged_at": match.at}
        if recent and self._config.expect == "absent":
            raise failed("pattern found")
        if not recent and not all_read:
            raise unknown("too much log to read")
        if not recent and self._config.expect == "present":
            raise failed("pattern not found")
        return run.facts

    async def _read(self, container: Container, begin: datetime) -> bool:
        """Look at all lines since the last check, or of the window; tells whether all of them were read."""
        tty = container.config is not None and container.config.tty
        since = engine_moment(self._read_to if self._read_to is not None else begin.isoformat())
        size = 0
        async with aclosing(self._engine.logs(container.id, tty=tty, since=since)) as batches:
            async for batch in batches:
                for line in batch:
                    size += len(line.text)
                    wanted = self._config.stream is None or line.stream == self._config.stream
                    if wanted and await self._pattern.found_in(line.text):
                        self._match = line
                if batch:
                    self._read_to = batch[-1].at
                if size > MAX_READ:
                    return False
                # Lines that are there already come without waiting; the loop has others to serve.
                await asyncio.sleep(0)
        return True


def _micro(at: str) -> str:
    """The engine's nanoseconds as the microseconds that Python knows."""
    whole, dot, rest = at.partition(".")
    digits = rest.rstrip("Z")
    return f"{whole}{dot}{digits[:6]}+00:00" if dot else at.replace("Z", "+00:00")

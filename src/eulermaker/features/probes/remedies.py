"""What is done about a failing probe, where its owner wants that: restart its container, run a command."""

from contextlib import aclosing

import anyio
import structlog
from anyio.abc import TaskGroup

from eulermaker.engines.containers import Containers, NewExec
from eulermaker.features.probes.rules import Remedy, remedy_due
from eulermaker.features.probes.schemas import RemedySettings
from eulermaker.features.probes.store import ResultStore
from eulermaker.features.probes.watch import Watch
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.probes")

#: After so long an attempt is given up.
ATTEMPT_SECONDS = 60.0
REMEMBERED = 100


class Remedies:
    """Does what probes are set up to have done, one attempt of a probe at a time."""

    def __init__(self, database: Database, engine: Containers, *, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock

    def consider(self, group: TaskGroup, watch: Watch) -> None:
        """Make an attempt in the background if one is due; the probe has just failed."""
        if watch.remedying or watch.probe.remedy is None or watch.probe.container is None:
            return
        watch.remedying = True
        group.start_soon(self._attempt, watch, RemedySettings.model_validate(watch.probe.remedy))

    async def _attempt(self, watch: Watch, remedy: RemedySettings) -> None:
        try:
            if await self._due(watch, remedy):
                await self._act(watch, remedy)
        except Fault as fault:
            # The next failing check asks again.
            log.warning("probe.remedy_postponed", probe=watch.probe.id, fault=fault.entry.slug)
        finally:
            watch.remedying = False

    async def _due(self, watch: Watch, remedy: RemedySettings) -> bool:
        if watch.attempts is None:
            async with self._database.read() as connection:
                rows = await ResultStore(connection).remedies(watch.number, limit=REMEMBERED)
            watch.attempts = [row["at"] / 1000 for row in reversed(rows)]
        now = self._clock().timestamp()
        pace = Remedy(remedy.cooldown, remedy.max_attempts, remedy.window)
        due = remedy_due(pace, watch.attempts, now=now)
        return due is not None and due <= now

    async def _act(self, watch: Watch, remedy: RemedySettings) -> None:
        now = self._clock().timestamp()
        async with self._database.write() as connection:
            record = await ResultStore(connection).begin_remedy(
                watch.number, at=int(now * 1000), action=remedy.action
            )
        assert watch.attempts is not None
        watch.attempts = [*watch.attempts[-REMEMBERED:], now]
        result = await self._result(watch, remedy)
        log.info("probe.remedy", probe=watch.probe.id, action=remedy.action, result=result)
        async with self._database.write() as connection:
            await ResultStore(connection).end_remedy(record, result=result)

    async def _result(self, watch: Watch, remedy: RemedySettings) -> str:
        container = watch.probe.container
        assert container is not None
        try:
            with anyio.fail_after(ATTEMPT_SECONDS):
                if remedy.action == "restart":
                    await self._engine.restart(container, grace=remedy.grace)
                    return "ok"
                return await self._run(container, remedy)
        except TimeoutError:
            return "timeout"
        except Fault as fault:
            return fault.entry.slug

    async def _run(self, container: str, remedy: RemedySettings) -> str:
        assert remedy.command is not None
        prepared = await self._engine.create_exec(container, NewExec(tuple(remedy.command)))
        async with aclosing(self._engine.run_exec(prepared, tty=False)) as output:
            async for _ in output:
                pass  # Only how it ends is of interest.
        code = (await self._engine.exec_state(prepared)).exit_code
        return "ok" if code == 0 else f"exit {code}"

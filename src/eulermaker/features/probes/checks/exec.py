"""Exec checks: a command in the container, its exit code and what it wrote."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from eulermaker.engines.containers import CONTAINER_REFUSED, Container, Containers, NewExec
from eulermaker.features.containers import commands
from eulermaker.features.probes.checks.engine import telling_faults
from eulermaker.features.probes.checks.pattern import MAX_SEARCHED, Pattern
from eulermaker.features.probes.checks.run import Run, attempt
from eulermaker.features.probes.checks.target import Reaching, Target
from eulermaker.features.probes.checks.verdict import Verdict, failed, shown
from eulermaker.features.probes.config import Exec
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.probes")

#: How long after its time limit a command may take to be killed.
CLEAN_UP_SECONDS = 1.0
#: What the runtime answers, and shells too, for a command that cannot be started.
_NOT_STARTED = frozenset({126, 127})


class ExecCheck:
    """One configuration, ready to be asked again and again.

    A command that could not be killed (the engine offers no way, and may be far away) is the only
    one: while it runs no other is started.
    """

    def __init__(self, config: Exec, target: Target, reaching: Reaching, engine: Containers) -> None:
        self._config = config
        self._target = target
        self._reaching = reaching
        self._engine = engine
        self._expected = Pattern(config.expected_output) if config.expected_output is not None else None
        self._left: str | None = None
        self._new = NewExec(
            command=tuple(config.command),
            working_dir=config.working_dir,
            user=config.user,
            environment=config.environment,
        )

    async def __call__(self, deadline: float) -> Verdict:
        """Run the command; it is killed at the deadline."""

        async def look(run: Run) -> Mapping[str, Any]:
            container = self._reaching.container(self._target)
            with telling_faults():
                return await self._run(container, run, deadline)

        return await attempt(look, deadline + CLEAN_UP_SECONDS, self._reaching.alarms)

    async def _run(self, container: Container, run: Run, deadline: float) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        run.phase = "engine"
        async with asyncio.timeout_at(deadline):
            await self._await_end_of_last()
            exec_id = await self._engine.create_exec(container.id, self._new)
        run.phase = "run"
        output = commands.Output(most=MAX_SEARCHED)
        self._left = exec_id
        try:
            timed_out = await commands.run_within(
                self._engine,
                container,
                exec_id,
                output=output,
                tty=False,
                seconds=max(0.0, deadline - loop.time()),
            )
        except Fault as fault:
            if fault.entry is not CONTAINER_REFUSED:
                raise
            self._left = None
            raise failed("command not started", reason=str(fault.facts.get("reason", ""))[:200]) from fault
        text = output.of("stdout", "stderr").encode()
        run.facts["output"] = shown(text)
        if output.truncated:
            run.facts["truncated"] = True
        if timed_out:
            raise failed("timeout", phase=run.phase)
        code = await commands.exit_code(self._engine, exec_id)
        if code is None:
            raise failed("timeout", phase=run.phase, reason="it closed its output and runs on")
        self._left = None
        await self._judge(code, text, run)
        return run.facts

    async def _await_end_of_last(self) -> None:
        if self._left is None:
            return
        try:
            state = await self._engine.exec_state(self._left)
        except Fault as fault:
            # The engine forgets the commands of a container that was restarted or removed.
            log.info("probe.exec_forgotten", exec=self._left, fault=fault.entry.slug)
        else:
            if state.running:
                raise failed("timeout", phase="run", reason="the command of an earlier check still runs")
        self._left = None

    async def _judge(self, code: int, text: bytes, run: Run) -> None:
        run.facts["exit_code"] = code
        if code != self._config.expected_exit_code:
            raise failed("command not started" if code in _NOT_STARTED else "unexpected exit code")
        if self._expected is not None and not await self._expected.found_in(text):
            raise failed("unexpected output")

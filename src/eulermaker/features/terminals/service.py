"""What the rest of the program may ask of terminals."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from eulermaker.engines.containers import CONTAINER_STATE_CONFLICT, Container, Containers, NewExec, Status
from eulermaker.features.audit.service import Audit
from eulermaker.features.containers.view import LiveView
from eulermaker.features.terminals.faults import (
    RECORDING_NOT_FOUND,
    TERMINAL_NOT_FOUND,
    TOO_MANY_TERMINALS,
)
from eulermaker.features.terminals.processes import MARK, Processes
from eulermaker.features.terminals.recording import Kept, Recording, Recordings
from eulermaker.features.terminals.rules import may_use, not_running, overdue, require_container
from eulermaker.features.terminals.schemas import Dimensions, NewTerminal
from eulermaker.features.terminals.session import Session
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import SHUTTING_DOWN, Fault
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.settings import Terminals as Limits

log = structlog.get_logger("eulermaker.terminals")

WATCH_SECONDS = 0.5
FINISH_SECONDS = 8.0
TERM = "xterm-256color"


class Terminals:
    """The terminals of this process: they live in its memory and end with it."""

    def __init__(
        self,
        engine: Containers,
        view: LiveView,
        audit: Audit,
        recordings: Recordings,
        *,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._view = view
        self._audit = audit
        self._recordings = recordings
        self._limits = limits
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._opening: list[str] = []
        self._group: TaskGroup | None = None

    def active(self) -> int:
        """How many terminals run."""
        return sum(session.status == "active" for session in self._sessions.values())

    async def open(self, call: Call, new: NewTerminal) -> Session:
        """Start a command in a container.

        Raises `container-not-found`, `forbidden`, `container-state-conflict`, `too-many-terminals`
        and `terminal-failed`.
        """
        call.require(Permission.TERMINALS_USE)
        self._view.require_connected()
        container = require_container(call, self._view.find(new.container_id), new.container_id)
        await self._require_running(container, new.container_id)
        self._require_place(call)
        self._opening.append(call.principal.user)
        try:
            return await self._open(call, new, container.id)
        finally:
            self._opening.remove(call.principal.user)

    def get(self, call: Call, terminal: str) -> Session:
        """A terminal; raises `terminal-not-found` for one that the caller may not use."""
        call.require(Permission.TERMINALS_USE)
        session = self._sessions.get(terminal)
        if session is None or not _usable(call, session):
            raise _not_found(terminal)
        return session

    def all(self, call: Call, *, container: str | None, status: str | None) -> Sequence[Session]:
        """The terminals that the caller may use, newest first."""
        call.require(Permission.TERMINALS_USE)
        found = self._view.find(container) if container is not None else None
        return [
            session
            for session in reversed(self._sessions.values())
            if _usable(call, session)
            and (container is None or (found is not None and session.container == found.id))
            and (status is None or session.status == status)
        ]

    async def resize(self, call: Call, terminal: str, dimensions: Dimensions) -> None:
        """Change a terminal's size."""
        await self.get(call, terminal).resize(dimensions)

    async def close(self, call: Call, terminal: str) -> None:
        """End a terminal and forget it; returns when its processes have ended."""
        session = self.get(call, terminal)
        session.end("closed")
        with anyio.move_on_after(FINISH_SECONDS):
            await session.finished.wait()
        self._sessions.pop(terminal, None)

    async def attached(self, call: Call, session: Session, *, view: bool, since: int | None) -> None:
        """Record that somebody looks at a terminal from now on."""
        mode = "view" if view else "edit"
        await self._record(call, "terminal.attach", session, mode=mode, since=since)

    async def recording(self, call: Call, terminal: str) -> Kept:
        """A terminal's recording, also after its end; raises `recording-not-found`."""
        call.require(Permission.TERMINALS_USE)
        session = self._sessions.get(terminal)
        live = session.recording if session is not None else None
        if live is not None:
            await live.flush()
        kept = await self._recordings.find(terminal)
        if kept is None or not may_use(call.principal, user=kept.user, tenant=kept.tenant):
            if session is None or not _usable(call, session):
                raise _not_found(terminal)
            raise RECORDING_NOT_FOUND(
                terminal=terminal, details={"session_id": terminal, "resource_type": "recording"}
            )
        return kept if live is None else replace(kept, size=live.size)

    async def run(self) -> None:
        """Service: hold the terminals' tasks, and end what is overdue; all end with it."""
        async with anyio.create_task_group() as group:
            self._group = group
            try:
                while True:
                    self._watch()
                    for session in list(self._sessions.values()):
                        if session.recording is not None:
                            await session.recording.flush()
                    await anyio.sleep(WATCH_SECONDS)
            finally:
                self._group = None

    async def sweep(self) -> None:
        """Remove the recordings that were kept long enough."""
        await self._recordings.sweep(self._clock())

    def _watch(self) -> None:
        for session in list(self._sessions.values()):
            if session.finished.is_set():
                assert session.ended_at is not None
                # It can still be looked at for as long as a lost socket could be resumed.
                if anyio.current_time() - session.ended_at >= self._limits.resume_seconds:
                    self._sessions.pop(session.id, None)
            elif reason := overdue(
                age=session.age, idle=session.idle, alone=session.alone, limits=self._limits
            ):
                session.end(reason)

    async def _require_running(self, container: Container, reference: str) -> None:
        # It may have been started a moment ago: before it is refused it is looked at again.
        if container.status is not Status.RUNNING:
            seen = await self._view.refresh(container.id)
            if seen is None or seen.status is not Status.RUNNING:
                raise not_running(reference, seen)

    def _require_place(self, call: Call) -> None:
        user = call.principal.user
        active = sum(s.call.principal.user == user and s.status == "active" for s in self._sessions.values())
        if active + self._opening.count(user) >= self._limits.max_per_user:
            limit = self._limits.max_per_user
            raise TOO_MANY_TERMINALS(limit=limit, details={"limit": limit})

    async def _open(self, call: Call, new: NewTerminal, container: str) -> Session:
        if self._group is None:
            raise SHUTTING_DOWN()
        session = Session(
            new_id("terminal_session"),
            new,
            call=call,
            container=container,
            engine=self._engine,
            limits=self._limits,
            clock=self._clock,
        )
        # Nobody gets a terminal that is not on record.
        await self._record(
            call, "terminal.open", session, container=container, command=new.command, container_user=new.user
        )
        try:
            exec_id = await self._engine.create_exec(container, _exec(session))
        except Fault as fault:
            await self._record(call, "terminal.close", session, result=fault.entry.slug)
            if fault.entry is CONTAINER_STATE_CONFLICT:
                raise not_running(new.container_id, await self._view.refresh(container)) from fault
            raise
        session.recording = await self._begin_recording(session)
        try:
            await self._group.start(self._live, session, exec_id)
        except Fault:
            await self._recordings.remove(session.id)
            raise
        self._sessions[session.id] = session
        self._forget_oldest(call.principal.user)
        return session

    def _forget_oldest(self, user: str) -> None:
        """Of the user's ended terminals as many stay as may be open."""
        ended = [
            s.id for s in self._sessions.values() if s.call.principal.user == user and s.finished.is_set()
        ]
        for terminal in ended[: -self._limits.max_per_user]:
            del self._sessions[terminal]

    async def _begin_recording(self, session: Session) -> Recording | None:
        if not self._limits.record:
            return None
        header: dict[str, Any] = {
            "command": session.new.command,
            "title": f"{session.new.command} @ {session.container[:12]}",
            "env": {"TERM": _environment(session.new)["TERM"], "SHELL": session.new.words[0]},
        }
        return await self._recordings.start(
            session.id,
            header=header,
            dimensions=session.dimensions,
            owner=session.call.principal,
            at=session.created_at,
        )

    async def _live(self, session: Session, exec_id: str, *, task_status: TaskStatus[None]) -> None:
        result = "ok"
        try:
            await session.run(exec_id, task_status=task_status)
        except Fault as fault:
            result = fault.entry.slug
            raise
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(FINISH_SECONDS):
                await self._finish(session, result)
            session.finished.set()

    async def _finish(self, session: Session, result: str) -> None:
        orphans: int | None = 0
        if session.leader is not None:
            orphans = await Processes(
                self._engine,
                container=session.container,
                terminal=session.id,
                user=session.new.user,
                leader=session.leader,
            ).end()
        if orphans != 0:
            log.warning("terminal.orphans", terminal=session.id, container=session.container, count=orphans)
        if session.recording is not None:
            await session.recording.flush()
        log.info("terminal.ended", terminal=session.id, reason=session.reason, exit_code=session.exit_code)
        try:
            await self._record(
                session.call,
                "terminal.close",
                session,
                result=result,
                reason=session.reason,
                exit_code=session.exit_code,
                output_bytes=session.scrollback.end,
                seconds=round(session.age, 3),
                orphans=orphans,
            )
        except Fault as fault:
            log.error("terminal.close_not_recorded", terminal=session.id, fault=fault.entry.slug)

    async def _record(
        self, call: Call, action: str, session: Session, *, result: str = "ok", **details: Any
    ) -> None:
        await self._audit.record(
            call, action, resource_type="terminal", resource_id=session.id, result=result, **details
        )


def _exec(session: Session) -> NewExec:
    new = session.new
    return NewExec(
        new.words,
        working_dir=new.working_dir,
        user=new.user,
        environment={**_environment(new), MARK: session.id},
        tty=new.tty,
        stdin=new.stdin,
    )


def _environment(new: NewTerminal) -> dict[str, str]:
    return {"TERM": TERM, **new.environment}


def _usable(call: Call, session: Session) -> bool:
    owner = session.call.principal
    return may_use(call.principal, user=owner.user, tenant=owner.tenant)


def _not_found(terminal: str) -> Fault:
    return TERMINAL_NOT_FOUND(
        terminal=terminal, details={"session_id": terminal, "resource_type": "terminal"}
    )

"""End what runs in a terminal: the engine starts commands in containers, but ends none.

A terminal is one session in the kernel's sense: its command leads it, and what that starts belongs
to it until it makes a session of its own (`setsid`, tmux), which then outlives the terminal on
purpose. Docs: decisions/0008.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import structlog
from anyio import to_thread

from eulermaker.engines.containers import Container, Containers, NewExec, Status
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.terminals")

#: Marks a terminal's command in its environment, so that it can be found from inside the container.
MARK = "EULERMAKER_TERMINAL"
PROC = Path("/proc")
HANG_UP_SECONDS = 2.0
KILL_SECONDS = 1.0
LOOK_SECONDS = 0.05
INSIDE_SECONDS = 5.0
# Only what every shell has built in: images carry no more than that. Prints how many it signalled.
# A session is the terminal's when the mark is in it and its leader came from outside (its parent
# is 0 there) or is gone.
SIGNAL_INSIDE = r"""
mark=$1 signal=$2 sessions=' ' count=0
describe() { IFS= read -r line <"$1/stat" || return 1; set -- ${line##*) }; state=$1 parent=$2 session=$4; }
for process in /proc/[0-9]*; do
    marked=
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in *"$mark"*) marked=1 ;; esac
        [ -n "$marked" ] && break
        line=
    done <"$process/environ"
    [ -n "$marked" ] && describe "$process" || continue
    leader=/proc/$session
    if [ -d "$leader" ]; then describe "$leader" && [ "$parent" = 0 ] || continue; fi
    sessions="$sessions${leader#/proc/} "
done
for process in /proc/[0-9]*; do
    describe "$process" || continue
    case $state in Z | X) continue ;; esac
    case $sessions in *" $session "*) ;; *) continue ;; esac
    count=$((count + 1))
    kill -s "$signal" "${process#/proc/}" && kill -s CONT "${process#/proc/}"
done
echo "$count"
"""


@dataclass(frozen=True, slots=True)
class Leader:
    """A terminal's first process in the numbering of the engine's host.

    `started` counts clock ticks after the host's start; None where the process cannot be seen.
    """

    pid: int
    started: int | None


def leader(pid: int, container: str) -> Leader:
    """The first process of a terminal in that container."""
    found = _look(pid, container)
    return Leader(pid, found.started if found else None)


def visible(container: Container) -> bool:
    """Whether the container's processes can be seen from here: this machine is the engine's host."""
    return container.pid is not None and _look(container.pid, container.id) is not None


class Processes:
    """The processes of one terminal."""

    def __init__(
        self, engine: Containers, *, container: str, terminal: str, user: str | None, leader: Leader
    ) -> None:
        self._engine = engine
        self._container = container
        self._mark = f"{MARK}={terminal}"
        self._user = user
        self._leader = leader

    async def end(self) -> int | None:
        """Hang up, then kill what stays; tells how many processes live on, None if that cannot be known.

        Signals go straight to the processes where they can be seen from here and may be signalled,
        else through a shell in the container.
        """
        try:
            if await self._are_here():
                # Not allowed, or a kernel before 5.3, which has no pidfds.
                with suppress(OSError):
                    return await self._end_directly()
            if await self._are_gone():
                return 0
            with anyio.fail_after(INSIDE_SECONDS):
                return await self._end_inside()
        except (Fault, TimeoutError) as error:
            log.warning("terminal.unreachable", container=self._container, mark=self._mark, error=repr(error))
            return None

    async def _are_here(self) -> bool:
        if self._leader.started is not None:
            return True
        # The leader was gone before it could be looked at: its container tells where it was.
        container = await self._engine.get(self._container)
        return container is not None and visible(container)

    async def _are_gone(self) -> bool:
        container = await self._engine.get(self._container)
        return container is None or container.status is Status.STOPPED

    async def _end_directly(self) -> int:
        for number, seconds in ((signal.SIGHUP, HANG_UP_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
            left = await to_thread.run_sync(self._signal, number)
            with anyio.move_on_after(seconds):
                while left:
                    await anyio.sleep(LOOK_SECONDS)
                    left = await to_thread.run_sync(self._signal, 0)
            if not left:
                return 0
        return left

    def _signal(self, number: int) -> int:
        """Signal every process of the session; tells how many there are."""
        count = 0
        for process in self._members():
            count += 1
            if number:
                self._signal_one(process.pid, number)
        return count

    def _members(self) -> Iterator["_Process"]:
        known = _look(self._leader.pid, self._container)
        if known is not None and known.started != self._leader.started:
            # The number is in use again, so nothing of the session is left.
            return
        for entry in PROC.iterdir():
            if entry.name.isdigit() and self._belongs(process := _look(int(entry.name), self._container)):
                assert process is not None
                yield process

    def _belongs(self, process: "_Process | None") -> bool:
        return process is not None and process.session == self._leader.pid and process.alive

    def _signal_one(self, pid: int, number: int) -> None:
        # Held by descriptor and looked at again, so that a number used anew is never signalled.
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                if self._belongs(_look(pid, self._container)):
                    signal.pidfd_send_signal(descriptor, number)
                    signal.pidfd_send_signal(descriptor, signal.SIGCONT)
            finally:
                os.close(descriptor)

    async def _end_inside(self) -> int:
        for name, seconds in (("HUP", HANG_UP_SECONDS), ("KILL", KILL_SECONDS)):
            left = await self._signal_inside(name)
            with anyio.move_on_after(seconds):
                while left:
                    await anyio.sleep(LOOK_SECONDS * 4)
                    left = await self._signal_inside("0")
            if not left:
                return 0
        return left

    async def _signal_inside(self, name: str) -> int:
        command = ("/bin/sh", "-c", SIGNAL_INSIDE, "sh", self._mark, name)
        exec_id = await self._engine.create_exec(self._container, NewExec(command, user=self._user, tty=True))
        told = bytearray()
        async with self._engine.attach_exec(exec_id, tty=True) as stream:
            while data := await stream.read(4096):
                told = (told + data)[-64:]
        last = told.split()[-1:]
        if not last or not last[0].isdigit():
            raise TimeoutError("the container has no shell that could signal its processes")
        return int(last[0])


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    session: int
    started: int
    alive: bool


def _look(pid: int, container: str) -> _Process | None:
    """A process of that container (its control group says so); None when there is none to be seen."""
    try:
        # Names in there are bytes that anybody chose.
        control_groups = (PROC / str(pid) / "cgroup").read_text("latin-1")
        stat = (PROC / str(pid) / "stat").read_text("latin-1")
    except OSError:
        return None
    if container not in control_groups:
        return None
    # proc(5): the name may hold anything; after its last parenthesis come state, parent, group, session.
    fields = stat.rpartition(") ")[2].split()
    return _Process(pid, int(fields[3]), int(fields[19]), fields[0] not in "ZX")

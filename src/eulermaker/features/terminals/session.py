"""One terminal: a command in a container, its output by the byte, and the sockets that look at it."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import datetime

import anyio
import structlog
from anyio.abc import TaskStatus

from eulermaker.engines.containers import Containers, ExecState, ExecStream
from eulermaker.features.terminals.faults import (
    RESIZE_FAILED,
    TERMINAL_ENDED,
    TERMINAL_FAILED,
    TERMINAL_WITHOUT_INPUT,
    TERMINAL_WITHOUT_TTY,
    TOO_MANY_VIEWERS,
)
from eulermaker.features.terminals.processes import Leader, leader
from eulermaker.features.terminals.recording import Recording
from eulermaker.features.terminals.rules import HIGH_WATER, LOW_WATER, pauses
from eulermaker.features.terminals.schemas import Dimensions, NewTerminal, Reason, Status
from eulermaker.features.terminals.scrollback import Scrollback
from eulermaker.features.terminals.viewer import Viewer
from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault, InvalidFields
from eulermaker.kernel.settings import Terminals

log = structlog.get_logger("eulermaker.terminals")

CHUNK = 64 * 1024
START_SECONDS = 15.0
LOOK_SECONDS = 0.01
END_SECONDS = 2.0
RESIZE_SECONDS = 5.0
RESIZE_AGAIN_SECONDS = (0.05, 0.1, 0.2, 0.5)
MAX_COMPLAINT = 4096


class Session:
    """A terminal, from the start of its command until it is forgotten."""

    def __init__(
        self,
        identifier: str,
        new: NewTerminal,
        *,
        call: Call,
        container: str,
        engine: Containers,
        limits: Terminals,
        clock: Clock,
    ) -> None:
        self.id = identifier
        self.new = new
        self.call = call
        self.container = container
        self.dimensions = new.dimensions
        self.created_at: datetime = clock()
        self.last_activity: datetime = self.created_at
        self.leader: Leader | None = None
        self.recording: Recording | None = None
        self.reason: Reason | None = None
        self.exit_code: int | None = None
        self.viewers: set[Viewer] = set()
        #: Set when nothing of it runs any more.
        self.finished = anyio.Event()
        self.scrollback = Scrollback(limits.buffer_bytes)
        self._engine = engine
        self._limits = limits
        self._clock = clock
        self._exec = ""
        self._stream: ExecStream | None = None
        self._scope = anyio.CancelScope()
        self._typing = anyio.Lock(fast_acquire=True)
        self._room = anyio.Event()
        # How far the sockets had come when the last of them was lost.
        self._reached = 0
        self._opened = self._active = self._alone_since = anyio.current_time()
        self.ended_at: float | None = None

    @property
    def status(self) -> Status:
        """Whether its command runs."""
        return "active" if self.ended_at is None else "closed"

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return anyio.current_time() - self._opened

    @property
    def idle(self) -> float:
        """Seconds since anything was typed or printed."""
        return anyio.current_time() - self._active

    @property
    def alone(self) -> float | None:
        """Seconds since its last socket was lost; None while it has one."""
        return None if self.viewers else anyio.current_time() - self._alone_since

    async def run(self, exec_id: str, *, task_status: TaskStatus[None]) -> None:
        """Start the command and read what it prints until it ends or `end` is called.

        Raises `terminal-failed` when it cannot be started.
        """
        self._exec = exec_id
        try:
            async with self._engine.attach_exec(exec_id, tty=self.new.tty) as stream:
                await self._started(stream)
                self._stream = stream
                task_status.started()
                with self._scope:
                    await self._read(stream)
                    await self._note_exit()
        except Fault:
            self.reason = "failed"
            raise
        finally:
            self.reason = self.reason or "shutdown"
            self.ended_at = anyio.current_time()
            self._wake_all()

    def end(self, reason: Reason) -> None:
        """Stop reading: it ends for that reason, unless it has ended before."""
        self.reason = self.reason or reason
        self._scope.cancel()

    async def write(self, viewer: Viewer, data: bytes) -> None:
        """Type; returns when the terminal has taken it.

        Raises `terminal-ended`, `terminal-without-input` and `engine-unavailable`.
        """
        if not self.new.stdin:
            raise TERMINAL_WITHOUT_INPUT(terminal=self.id)
        stream = self._require_stream()
        self._touch()
        # Until this is written nothing else of this client is read, its acknowledgements included:
        # waiting for them while the command waits for its output to be read would be for ever.
        viewer.typing = True
        self._look_again()
        viewer.wake()
        try:
            async with self._typing:
                await stream.write(data)
        finally:
            viewer.typing = False

    async def resize(self, dimensions: Dimensions) -> None:
        """Change the size; raises `terminal-ended`, `terminal-without-tty`, `terminal-resize-failed`."""
        if not self.new.tty:
            raise TERMINAL_WITHOUT_TTY(terminal=self.id)
        self._require_stream()
        self._touch()
        await self.tell_size(dimensions)
        self.dimensions = dimensions
        if self.recording is not None:
            self.recording.resized(dimensions)
        self._wake_all()

    @contextmanager
    def watch(self, *, since: int | None, interactive: bool, acknowledges: bool) -> Iterator[Viewer]:
        """A place for one more socket, which goes on at byte `since`, or shows all that is kept.

        Raises `too-many-viewers`, and `invalid-request` for a `since` that lies ahead.
        """
        if len(self.viewers) >= self._limits.max_viewers:
            raise TOO_MANY_VIEWERS(terminal=self.id, limit=self._limits.max_viewers)
        if since is not None and since > self.scrollback.end:
            raise InvalidFields.one(
                "since",
                zh=f"终端目前只输出了 {self.scrollback.end} 字节",
                en=f"The terminal has printed {self.scrollback.end} bytes so far",
            )
        position = self.scrollback.start if since is None else since
        viewer = Viewer(position=position, interactive=interactive, acknowledges=acknowledges)
        self.viewers.add(viewer)
        try:
            yield viewer
        finally:
            self.viewers.discard(viewer)
            self._alone_since = anyio.current_time()
            if interactive:
                self._reached = max(self._reached, viewer.surely_reached)
            self._look_again()

    async def show(self, viewer: Viewer) -> AsyncGenerator[bytes | tuple[int, int] | Dimensions, None]:
        """What the viewer has not seen yet: bytes, `(from, to)` for bytes that are lost to it, and new
        sizes; it ends with the terminal.

        `viewer.sent` counts what was yielded, from the moment on that the next item is asked for.
        """
        shown = self.dimensions
        while True:
            news = viewer.news
            if self.dimensions != shown:
                shown = self.dimensions
                yield shown
            if viewer.sent < self.scrollback.start:
                first, last = viewer.sent, max(self.scrollback.start, self.scrollback.end - HIGH_WATER)
                viewer.skip_to(last)
                yield first, last
            room = CHUNK if self.ended_at is not None else min(CHUNK, viewer.room)
            if room > 0 and (data := self.scrollback.read(viewer.sent, room)):
                yield data
                viewer.sent += len(data)
                self._look_again()
            elif self.ended_at is not None:
                return
            else:
                await news.wait()

    def acknowledge(self, viewer: Viewer, seq: int) -> None:
        """Note how far a client has parsed."""
        viewer.acknowledge(seq)
        self._look_again()

    async def _started(self, stream: ExecStream) -> None:
        """Return when the command runs, or has run already."""
        with anyio.move_on_after(START_SECONDS):
            while True:
                state = await self._engine.exec_state(self._exec)
                if state.pid is not None:
                    self.leader = leader(state.pid, self.container)
                    break
                if not state.running and state.exit_code is not None:
                    break
                await anyio.sleep(LOOK_SECONDS)
        if self.leader is None:
            raise await self._failure(stream)
        if self.new.tty and state.running:
            await self.tell_size(self.dimensions)

    async def _failure(self, stream: ExecStream) -> Fault:
        # The engine tells the reason as output; it may name paths of the host.
        complaint = b""
        with anyio.move_on_after(END_SECONDS):
            complaint = await stream.read(MAX_COMPLAINT)
        log.info("terminal.failed", terminal=self.id, complaint=complaint.decode(errors="replace").strip())
        details = {"container_id": self.new.container_id, "command": self.new.command}
        return TERMINAL_FAILED(command=self.new.command[:200], details=details)

    async def _read(self, stream: ExecStream) -> None:
        content = _plain if self.new.tty else Unframed()
        while received := await stream.read(CHUNK):
            data = content(received)
            if data:
                self._touch()
                self.scrollback.add(data)
                for viewer in self.viewers:
                    viewer.wake()
                if self.recording is not None:
                    await self.recording.output(data)
                await self._until_room()

    async def _until_room(self) -> None:
        """Rest while too much of the output was not seen yet.

        The fastest socket that may type sets the pace; while there is none, as much is read as can
        be kept for it, half of that in reserve for what was on its way when it was lost.
        """
        paused = False
        while True:
            room = self._room
            typing = [viewer.reached for viewer in self.viewers if viewer.interactive]
            if typing:
                debt, high, low = self.scrollback.end - max(typing), HIGH_WATER, LOW_WATER
            else:
                high = low = self._limits.buffer_bytes // 2
                debt = self.scrollback.end - self._reached
            paused = pauses(debt, paused=paused, high=high, low=low)
            if not paused:
                return
            await room.wait()

    async def _note_exit(self) -> None:
        """Note how the command ended, now that its output has."""
        try:
            state = await self._ended_state()
        except Fault as fault:
            log.warning("terminal.lost", terminal=self.id, fault=fault.entry.slug)
            self.reason = self.reason or "engine-lost"
        else:
            self.exit_code = state.exit_code
            self.reason = self.reason or "exited"

    async def _ended_state(self) -> ExecState:
        state = await self._engine.exec_state(self._exec)
        with anyio.move_on_after(END_SECONDS):
            while state.running:
                await anyio.sleep(LOOK_SECONDS)
                state = await self._engine.exec_state(self._exec)
        return state

    async def tell_size(self, dimensions: Dimensions) -> None:
        """Tell the engine the size, again where it refuses just after the start.

        Raises `terminal-resize-failed`.
        """
        fault: Fault | None = None
        for pause in (*RESIZE_AGAIN_SECONDS, 0.0):
            try:
                with anyio.fail_after(RESIZE_SECONDS):
                    await self._engine.resize_exec(self._exec, columns=dimensions.cols, rows=dimensions.rows)
            except (Fault, TimeoutError) as error:
                if not (await self._engine.exec_state(self._exec)).running:
                    return
                fault = RESIZE_FAILED(terminal=self.id)
                fault.__cause__ = error
                await anyio.sleep(pause)
            else:
                return
        assert fault is not None
        raise fault

    def _require_stream(self) -> ExecStream:
        if self._stream is None or self.ended_at is not None:
            raise TERMINAL_ENDED(terminal=self.id, reason=self.reason, details={"reason": self.reason})
        return self._stream

    def _touch(self) -> None:
        self._active = anyio.current_time()
        self.last_activity = self._clock()

    def _look_again(self) -> None:
        room, self._room = self._room, anyio.Event()
        room.set()

    def _wake_all(self) -> None:
        self._look_again()
        for viewer in self.viewers:
            viewer.wake()


def _plain(data: bytes) -> bytes:
    return data


class Unframed:
    """Takes the engine's headers (stream, 0, 0, 0, length) out of output without a TTY."""

    def __init__(self) -> None:
        self._rest = bytearray()
        # Bytes of the present frame that are still to come.
        self._due = 0

    def __call__(self, data: bytes) -> bytes:
        """The payload among the bytes that came."""
        self._rest += data
        payload = bytearray()
        while self._rest:
            if self._due:
                part = self._rest[: self._due]
                payload += part
                self._due -= len(part)
                del self._rest[: len(part)]
            elif len(self._rest) >= 8:
                self._due = int.from_bytes(self._rest[4:8])
                del self._rest[:8]
            else:
                break
        return bytes(payload)

"""A container's log: the last lines at once, or all that come, over restarts of container and engine."""

from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from json.encoder import encode_basestring

import anyio

from eulermaker.engines.containers import (
    CONTAINER_NOT_FOUND,
    CONTAINER_STATE_CONFLICT,
    Container,
    Containers,
    LogLine,
    Status,
)
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.features.containers import schemas
from eulermaker.features.containers.notation import engine_moment
from eulermaker.features.containers.rotation import Skips
from eulermaker.features.containers.view import LiveView
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault

MAX_HELD = 16 * 1024 * 1024
#: Lines that are remembered, so that they are known again when the log is opened anew.
REMEMBERED = 4096
#: How long a container that was seen to run may be stopped before its log ends.
RESTART_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 0.25
MAX_SILENCES = 10
RUNS = frozenset({Status.RUNNING, Status.PAUSED})
ENDS = frozenset({Status.STOPPED, Status.DEAD})
#: What an engine answers that goes down, or is about to remove the container.
PASSING = (ENGINE_UNAVAILABLE, ENGINE_REFUSED, CONTAINER_STATE_CONFLICT)


async def read(
    engine: Containers,
    container: Container,
    *,
    tail: int,
    since: str | None,
    until: str | None,
    timestamps: bool,
) -> schemas.Logs:
    """The last `tail` lines, in all at most 16 MiB of them."""
    held: deque[LogLine] = deque(maxlen=tail)
    size, truncated = 0, False
    tty = container.config is not None and container.config.tty
    async with aclosing(engine.logs(container.id, tty=tty, tail=tail, since=since, until=until)) as batches:
        async for batch in batches:
            for line in batch:
                size += len(line.text) - (len(held[0].text) if len(held) == tail and tail else 0)
                held.append(line)
                while size > MAX_HELD:
                    size -= len(held.popleft().text)
                    truncated = True
    shown = [f"{line.at} {_text(line)}" if timestamps else _text(line) for line in held]
    return schemas.Logs(logs=shown, truncated=truncated)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that the container wrote."""

    lines: Sequence[LogLine]


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines may be missing here."""


@dataclass(frozen=True, slots=True)
class Stood:
    """The container's state changed; its log goes on."""

    status: Status


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing follows; `status` is None when the container is gone."""

    status: Status | None


Piece = Lines | Gap | Stood | Ended


async def follow(
    engine: Containers,
    view: LiveView,
    container: Container,
    *,
    tail: int,
    since: str | None,
    clock: Clock,
) -> AsyncGenerator[Piece, None]:
    """The last `tail` lines, then those that come, each once.

    Ends when the container is gone, or has stopped and does not start again.
    """
    position = Position(engine_moment(clock().isoformat()) if tail == 0 and since is None else since)
    current: Container | None = container
    skips = Skips(container.config.log_file_bytes if container.config else None)
    opened, was_alive = False, False
    while current is not None:
        was_alive = was_alive or current.status not in ENDS
        moved = False
        try:
            async with aclosing(_open(engine, current, position, None if opened else tail)) as batches:
                silence = Silence()
                async for batch in batches:
                    if not batch:
                        if silence.asks() and await _is_stale(engine, current, position):
                            break
                        continue
                    opened = moved = True
                    silence = Silence()
                    skipped = skips.first(batch)
                    lines, gap = position.take(batch[:skipped])
                    if gap:
                        yield Gap()
                    if lines:
                        yield Lines(lines)
                    if skipped is not None:
                        break
            opened = True
            current = await view.refresh(container.id)
        except Fault as fault:
            if fault.entry is CONTAINER_NOT_FOUND:
                break
            # An engine that goes down refuses first; one that follows on means what it says.
            if fault.entry is ENGINE_REFUSED and view.connected and not opened:
                raise
            if fault.entry not in PASSING:
                raise
            current = await _once_connected(view, container.id)
        position.reopen()
        if current is None:
            break
        if current.status in RUNS:
            await anyio.sleep(0 if moved else RETRY_SECONDS)
            continue
        yield Stood(current.status)
        current = await _until_running(view, current, was_alive=was_alive)
        if current is not None and current.status not in RUNS:
            yield Ended(current.status)
            return
        if current is not None:
            yield Stood(current.status)
    yield Ended(None)


class Silence:
    """When to ask whether a silent log is silent: engines stop telling when they miss a rotation."""

    def __init__(self) -> None:
        self._lasted = 0
        self._next = 1

    def asks(self) -> bool:
        """Whether it is time, at each moment of silence: ever less often, but never not at all."""
        self._lasted += 1
        if self._lasted < self._next:
            return False
        self._next = self._lasted + min(self._lasted, MAX_SILENCES)
        return True


class Position:
    """Up to where a log was told; knows lines again that come a second time.

    They come when the log is read again from `since` on, and from engines that begin a file anew
    when it is rotated. `since` is where the log begins for who has seen none of it.
    """

    def __init__(self, since: str | None) -> None:
        self._beginning = since
        self._recent: deque[LogLine] = deque()
        self._known: dict[LogLine, int] = {}
        #: The latest time told, and the latest of the lines that are remembered no more.
        self._last = ""
        self._forgotten = ""
        #: How often known lines have come again since the log went back; None while it goes on.
        self._repeated: dict[LogLine, int] | None = None
        self._reopened = False

    @property
    def since(self) -> str | None:
        """From when on the log has to be read, as `seconds.nanoseconds`."""
        if not self._recent:
            return self._beginning
        whole = (line.at for line in self._recent if line.at > self._forgotten)
        return engine_moment(next(whole, self._last))

    def is_behind(self, line: LogLine) -> bool:
        """Whether the line is younger than all that were told."""
        return bool(self._recent) and line.at > self._last

    def reopen(self) -> None:
        """The log is about to be read again, from `since` on."""
        if self._recent:
            self._repeated = {}
            self._reopened = True

    def take(self, batch: Sequence[LogLine]) -> tuple[Sequence[LogLine], bool]:
        """The lines of the batch that are new, and whether some may be missing before them."""
        new: list[LogLine] = []
        gap = False
        for line in batch:
            if self._is_new(line):
                # A first line that is not known follows others that are gone, and maybe were not seen.
                gap = gap or self._reopened
                new.append(line)
                self._remember(line)
            self._reopened = False
        return new, gap

    def _is_new(self, line: LogLine) -> bool:
        if line.at > self._last:
            self._repeated = None
            return True
        if self._repeated is None:
            if line.at == self._last:
                return True
            self._repeated = {}
        again = self._repeated.get(line, 0) + 1
        if again <= self._known.get(line, 0):
            self._repeated[line] = again
            return False
        # The two streams of a container may be out of order, but not by as much as is remembered.
        return line.at > self._forgotten

    def _remember(self, line: LogLine) -> None:
        self._last = max(self._last, line.at)
        self._recent.append(line)
        self._known[line] = self._known.get(line, 0) + 1
        if len(self._recent) > REMEMBERED:
            oldest = self._recent.popleft()
            self._forgotten = max(self._forgotten, oldest.at)
            if self._known[oldest] == 1:
                del self._known[oldest]
            else:
                self._known[oldest] -= 1


async def _is_stale(engine: Containers, container: Container, position: Position) -> bool:
    """Whether the log has lines that its stream does not tell."""
    tty = container.config is not None and container.config.tty
    async with aclosing(engine.logs(container.id, tty=tty, tail=1)) as batches:
        async for batch in batches:
            if any(position.is_behind(line) for line in batch):
                return True
    return False


async def _open(
    engine: Containers, container: Container, position: Position, tail: int | None
) -> AsyncGenerator[Sequence[LogLine], None]:
    tty = container.config is not None and container.config.tty
    since = position.since
    async with aclosing(engine.logs(container.id, tty=tty, tail=tail, since=since, follow=True)) as batches:
        async for batch in batches:
            yield batch


async def _once_connected(view: LiveView, container: str) -> Container | None:
    """The container once the view follows the engine again; None when it is gone by then."""
    while True:
        bell = view.listen(container)
        if view.connected:
            try:
                return await view.refresh(container)
            except Fault as fault:
                if fault.entry not in (ENGINE_UNAVAILABLE, ENGINE_REFUSED):
                    raise
        with anyio.move_on_after(LOOK_AGAIN_SECONDS):
            await bell.wait()


async def _until_running(view: LiveView, container: Container, *, was_alive: bool) -> Container | None:
    """The container when it runs again; as it stands when it will not, None when it is gone."""
    current: Container | None = container
    waited = anyio.current_time() + RESTART_SECONDS
    while current is not None and current.status not in RUNS:
        if current.status in ENDS and view.connected:
            if not was_alive or anyio.current_time() >= waited:
                return current
        elif not view.connected:
            waited = anyio.current_time() + RESTART_SECONDS
        bell = view.listen(container.id)
        with anyio.move_on_after(LOOK_AGAIN_SECONDS):
            await bell.wait()
        if view.connected:
            current = view.find(container.id)
    return current


def frames(piece: Piece) -> bytes:
    """The piece as NDJSON frames."""
    match piece:
        case Lines(lines):
            return "".join(
                f'{{"type":"log","timestamp":"{line.at}","stream":"{line.stream}",'
                f'"data":{encode_basestring(line.text.decode("utf-8", "replace"))}}}\n'
                for line in lines
            ).encode("utf-8", "replace")
        case Gap():
            return b'{"type":"gap"}\n'
        case Stood(status):
            return f'{{"type":"status","status":"{status.value}"}}\n'.encode()
        case Ended(status):
            return f'{{"type":"end","status":"{status.value if status else "removed"}"}}\n'.encode()


def _text(line: LogLine) -> str:
    return line.text.decode("utf-8", "replace")

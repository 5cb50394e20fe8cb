"""A container's log: the last lines at once, or all that come, over restarts of container and engine."""

from collections import Counter, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from json.encoder import encode_basestring

import anyio

from eulermaker.engines.containers import (
    CONTAINER_NOT_FOUND,
    Container,
    Containers,
    LogLine,
    Status,
)
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.features.containers import schemas
from eulermaker.features.containers.notation import engine_moment
from eulermaker.features.containers.view import LiveView
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault

MAX_HELD = 16 * 1024 * 1024
#: Lines that are remembered, so that they are known again when the log is opened anew.
REMEMBERED = 512
#: The two streams of a container are numbered by their times only roughly in order.
UNSURE = 16
#: How long a container that was seen to run may be stopped before its log ends.
RESTART_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 0.25
RUNS = frozenset({Status.RUNNING, Status.PAUSED})


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
    opened, was_running = False, False
    while current is not None:
        was_running = was_running or current.status in RUNS
        moved = False
        try:
            async with aclosing(_open(engine, current, position, None if opened else tail)) as batches:
                async for batch in batches:
                    opened = moved = True
                    lines, gap = position.take(batch)
                    if gap:
                        yield Gap()
                    if lines:
                        yield Lines(lines)
            opened = True
            current = await view.refresh(container.id)
        except Fault as fault:
            if fault.entry is CONTAINER_NOT_FOUND:
                break
            # An engine that goes down refuses first; one that follows on means what it says.
            if fault.entry is ENGINE_REFUSED and view.connected and not opened:
                raise
            if fault.entry not in (ENGINE_UNAVAILABLE, ENGINE_REFUSED):
                raise
            current = await _once_connected(view, container.id)
        position.reopen()
        if current is None:
            break
        if current.status in RUNS:
            await anyio.sleep(0 if moved else RETRY_SECONDS)
            continue
        yield Stood(current.status)
        current = await _until_running(view, current, was_running=was_running)
        if current is not None and current.status not in RUNS:
            yield Ended(current.status)
            return
        if current is not None:
            yield Stood(current.status)
    yield Ended(None)


class Position:
    """Up to where a log was told; knows lines again that come a second time.

    `since` is where the log begins for who has seen none of it, as `seconds.nanoseconds`.
    """

    def __init__(self, since: str | None) -> None:
        self._beginning = since
        self._recent: deque[LogLine] = deque(maxlen=REMEMBERED)
        self._expected: Counter[LogLine] | None = None
        self._last = ""
        self._proven = True

    @property
    def since(self) -> str | None:
        """From when on the log has to be read."""
        if not self._recent:
            return self._beginning
        return engine_moment(self._anchors()[0].at)

    def reopen(self) -> None:
        """The log is about to be read again, from `since` on."""
        if self._recent:
            anchors = self._anchors()
            self._expected = Counter(anchors)
            self._last = max(line.at for line in anchors)
            self._proven = False

    def take(self, batch: Sequence[LogLine]) -> tuple[Sequence[LogLine], bool]:
        """The lines of the batch that are new, and whether some may be missing before them."""
        gap = False
        if self._expected is not None:
            # A first line that is not known follows others that are gone, and maybe were not seen.
            gap = not self._proven and self._expected[batch[0]] == 0
            self._proven = True
            batch = [line for line in batch if not self._is_known(line)]
            if batch and batch[-1].at > self._last:
                self._expected = None
        self._recent.extend(batch)
        return batch, gap

    def _is_known(self, line: LogLine) -> bool:
        assert self._expected is not None
        if self._expected[line] == 0:
            return False
        self._expected[line] -= 1
        return True

    def _anchors(self) -> list[LogLine]:
        lines = list(self._recent)
        if len(lines) < REMEMBERED:
            return lines
        # What was written about when the oldest of them were may have been forgotten already: the
        # lines after it are known to be whole.
        first = max(line.at for line in lines[:UNSURE])
        return [line for line in lines if line.at > first] or lines


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


async def _until_running(view: LiveView, container: Container, *, was_running: bool) -> Container | None:
    """The container when it runs again; as it stands when it will not, None when it is gone."""
    current: Container | None = container
    waited = anyio.current_time() + RESTART_SECONDS
    while current is not None and current.status not in RUNS:
        if current.status in (Status.STOPPED, Status.DEAD) and view.connected:
            if not was_running or anyio.current_time() >= waited:
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

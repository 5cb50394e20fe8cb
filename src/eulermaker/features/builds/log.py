"""A build's log on disk, which is also its wire format.

Each line is the JSON frame that followers get, numbered from 1. A line is shown only after it was
written, so whatever was seen survives the death of the server; a line that the death cut short
was never shown and is dropped by the next writer.
"""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from eulermaker.kernel.clock import rfc3339

BLOCK = 64 * 1024
CHUNK = 256 * 1024

Kind = Literal["step", "output", "status"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a build's log; `step` of `steps` in `stage` where it belongs to a step.

    `cached` and `duration` (seconds) are set on the line that ends a step.
    """

    text: str
    at: datetime
    kind: Kind
    step: int | None = None
    steps: int | None = None
    stage: str | None = None
    cached: bool | None = None
    duration: float | None = None


def frame(seq: int, line: Line) -> str:
    """The documented one-line frame, extended by the number and the step's fields."""
    told = [
        f'{{"seq":{seq},"type":"log","timestamp":"{rfc3339(line.at)}","data":{encode_basestring(line.text)}',
        f'"kind":"{line.kind}"',
    ]
    if line.step is not None:
        told.append(f'"step":{line.step},"steps":{line.steps}')
        told.append(f'"stage":{encode_basestring(line.stage) if line.stage else "null"}')
    if line.duration is not None:
        told.append(f'"cached":{"true" if line.cached else "false"},"duration":{line.duration:.3f}')
    return ",".join(told) + "}\n"


def end_frame(seq: int, status: str) -> str:
    """The last frame of a stream: nothing follows line `seq`."""
    return f'{{"seq":{seq},"type":"end","status":"{status}"}}'


def batch_frame(lines: bytes) -> str:
    """Many stored lines as one frame `{"type":"logs","lines":[…]}`."""
    # JSON escapes every newline inside a line, so those left are the ends of lines.
    return '{"type":"logs","lines":[' + lines[:-1].replace(b"\n", b",").decode() + "]}"


class LogWriter:
    """Appends to a log; one writer at a time, which numbers the lines."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._drop_torn_line()
        self.seq = last_seq(self._fd)
        self._room = max_bytes - os.fstat(self._fd).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

    @property
    def full(self) -> bool:
        """Whether the log has reached its bound; only status lines are taken from then on."""
        return self._room <= 0

    def append(self, lines: Iterable[Line]) -> int:
        """Write the lines in one go, or none of them when that fails; tells how many were stored."""
        wanted = [line for line in lines if not (self.full and line.kind == "output")]
        frames = [frame(seq, line) for seq, line in enumerate(wanted, self.seq + 1)]
        data = "".join(frames).encode("utf-8", "replace")
        self._write(data)
        self._room -= len(data)
        self.seq += len(frames)
        return len(frames)

    def _write(self, data: bytes) -> None:
        before = os.fstat(self._fd).st_size
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            os.ftruncate(self._fd, before)
            raise

    def _drop_torn_line(self) -> None:
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.ftruncate(self._fd, _line_start(self._fd, size - 1))


class LogReader:
    """Reads a log from a position on; only whole lines are ever returned."""

    def __init__(self, path: Path) -> None:
        try:
            self._fd: int | None = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            self._fd = None
        self._path = path
        self._offset = 0
        self.seq = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            os.close(self._fd)

    def after(self, seq: int) -> None:
        """Go on after line `seq`."""
        # A number beyond the last whole line is nobody's: the next line is the one after the last.
        self.seq = 0 if self._fd is None else min(max(0, seq), last_seq(self._fd))
        self._offset = 0 if self._fd is None else _offset_after(self._fd, self.seq)

    def tail(self, count: int) -> None:
        """Go on with the last `count` lines."""
        self.after(0 if self._fd is None else max(0, last_seq(self._fd) - count))

    def read(self, size: int = CHUNK) -> bytes:
        """The next whole lines, about `size` bytes of them; empty when there are none yet."""
        if self._fd is None:
            try:
                self._fd = os.open(self._path, os.O_RDONLY)
            except FileNotFoundError:
                return b""
        data = os.pread(self._fd, size, self._offset)
        while data and (end := data.rfind(b"\n")) < 0:
            more = os.pread(self._fd, size, self._offset + len(data))
            if not more:
                return b""
            data += more
        if not data:
            return b""
        whole = data[: end + 1]
        self._offset += len(whole)
        self.seq += whole.count(b"\n")
        return whole


def last_seq(fd: int) -> int:
    """The number of the last whole line; 0 in an empty log."""
    size = os.fstat(fd).st_size
    while size:
        start = _line_start(fd, size - 1)
        if os.pread(fd, 1, size - 1) == b"\n":
            return _seq_at(fd, start)
        size = start
    return 0


def _offset_after(fd: int, seq: int) -> int:
    """Where the line after `seq` starts: a binary search over bytes, since every line has its number."""
    low, high = 0, os.fstat(fd).st_size
    while low < high:
        start = _line_start(fd, (low + high) // 2)
        if _seq_at(fd, start) <= seq:
            low = _line_end(fd, start)
        else:
            high = start
    return low


def _seq_at(fd: int, start: int) -> int:
    head = os.pread(fd, 32, start)
    digits, comma, _ = head.removeprefix(b'{"seq":').partition(b",")
    # A line that is being written may show a part of its number: it comes after all whole ones.
    return int(digits) if comma else sys.maxsize


def _line_start(fd: int, position: int) -> int:
    """Where the line that holds the byte at `position` starts."""
    while position > 0:
        start = max(0, position - BLOCK)
        found = os.pread(fd, position - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0


def _line_end(fd: int, start: int) -> int:
    """Where the next line starts."""
    position = start
    while block := os.pread(fd, BLOCK, position):
        found = block.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(block)
    return position

"""What containers write, as the engine sends it: frames, and log lines led by a timestamp."""

import re
from collections.abc import Iterator, Sequence

from eulermaker.engines.containers import MAX_LINE, LogLine, Stream

HEADER = 8
STDERR = 2
# RFC 3339 with nine digits and Z, then a space.
STAMP = 31
#: The engine cuts longer lines into messages of this size, each led by the time of the first.
PIECE = 16 * 1024
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")


class Frames:
    """The frames of a stream without a TTY: eight bytes (stream, 0, 0, 0, length), then the data."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, data: bytes) -> Iterator[tuple[Stream, bytes]]:
        """The frames that are whole now."""
        data = self._rest + data
        position, size = 0, len(data)
        while size - position >= HEADER:
            start = position + HEADER
            end = start + int.from_bytes(data[position + 4 : start])
            if end > size:
                break
            yield ("stderr" if data[position] == STDERR else "stdout", data[start:end])
            position = end
        self._rest = data[position:]


class MultiplexedLog:
    """The log of a container without a TTY: each frame is a message of at most `PIECE` bytes."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._open: dict[Stream, LogLine] = {}

    def read(self, data: bytes) -> Sequence[LogLine]:
        """The lines that are whole now."""
        found: list[LogLine] = []
        cut = self._open
        for stream, message in self._frames.read(data):
            at, text = message[: STAMP - 1].decode("ascii", "replace"), message[STAMP:]
            if cut and stream in cut:
                begun = cut.pop(stream)
                at, text = begun.at, begun.text + text
            if text.endswith(b"\n"):
                found.append(LogLine(at, stream, text[:-1]))
            elif len(text) >= MAX_LINE:
                found.append(LogLine(at, stream, text))
            else:
                cut[stream] = LogLine(at, stream, text)
        return found

    def end(self) -> Sequence[LogLine]:
        """The lines that the container left without an end."""
        return list(self._open.values())


class TerminalLog:
    """The log of a container with a TTY: lines one after the other, without frames."""

    def __init__(self) -> None:
        self._rest = b""
        self._at = ""

    def read(self, data: bytes) -> Sequence[LogLine]:
        """The lines that are whole now."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) >= MAX_LINE:
            whole.append(self._rest)
            self._rest = b""
        return [self._line(line) for line in whole]

    def end(self) -> Sequence[LogLine]:
        """The line that the container left without an end."""
        return [self._line(self._rest)] if self._rest else []

    def _line(self, line: bytes) -> LogLine:
        # What is left of a line that was too long has no time of its own.
        if _STAMP.match(line):
            stamp, line = line[:STAMP], _without(line[:STAMP], line[STAMP:])
            self._at = stamp[:-1].decode()
        return LogLine(self._at, "stdout", line.removesuffix(b"\r"))


def _without(stamp: bytes, text: bytes) -> bytes:
    """The text without the time that the engine puts before each piece of it."""
    position = PIECE
    while text[position : position + STAMP] == stamp:
        text = text[:position] + text[position + STAMP :]
        position += PIECE
    return text

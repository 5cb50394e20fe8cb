"""BuildKit's progress messages: protobuf's wire format, read for the few fields we use.

`moby.buildkit.v1.StatusResponse` of BuildKit's control API: 1 vertexes, 3 logs. A vertex has
1 digest, 3 name, 4 cached, 5 started, 6 completed, 7 error; a log 1 vertex, 2 timestamp, 4 message.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_TOO_LONG = "a field is longer than its message"


class WireError(Exception):
    """The bytes are no protobuf message."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """One node of the build graph, as far as it has come."""

    digest: str
    name: str
    cached: bool
    started: datetime | None
    completed: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class VertexLog:
    """Bytes printed by a vertex."""

    vertex: str
    at: datetime
    data: bytes


def read_status(message: bytes) -> tuple[list[Vertex], list[VertexLog]]:
    """The vertexes and logs of one StatusResponse; raises WireError."""
    vertexes: list[Vertex] = []
    logs: list[VertexLog] = []
    for number, value in fields_of(message):
        if number == 1 and isinstance(value, bytes):
            vertexes.append(_vertex(value))
        elif number == 3 and isinstance(value, bytes):
            logs.append(_log(value))
    return vertexes, logs


def _vertex(message: bytes) -> Vertex:
    fields = dict(fields_of(message))
    return Vertex(
        digest=_text(fields.get(1)),
        name=_text(fields.get(3)),
        cached=bool(fields.get(4, 0)),
        started=_moment(fields.get(5)),
        completed=_moment(fields.get(6)),
        error=_text(fields.get(7)),
    )


def _log(message: bytes) -> VertexLog:
    fields = dict(fields_of(message))
    data = fields.get(4, b"")
    return VertexLog(
        vertex=_text(fields.get(1)),
        at=_moment(fields.get(2)) or datetime.now(UTC),
        data=data if isinstance(data, bytes) else b"",
    )


def _text(value: int | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _moment(value: int | bytes | None) -> datetime | None:
    # google.protobuf.Timestamp: 1 seconds, 2 nanoseconds.
    if not isinstance(value, bytes):
        return None
    fields = dict(fields_of(value))
    seconds, nanos = fields.get(1, 0), fields.get(2, 0)
    if not (isinstance(seconds, int) and isinstance(nanos, int)):
        raise WireError("a timestamp of the wrong type")
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanos // 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise WireError("a timestamp out of range") from error


def fields_of(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message by number, those of fixed width left out; raises WireError."""
    position, end = 0, len(message)
    while position < end:
        key, position = _varint(message, position)
        match key & 7:
            case 0:
                value, position = _varint(message, position)
                yield key >> 3, value
            case 2:
                length, position = _varint(message, position)
                if position + length > end:
                    raise WireError(_TOO_LONG)
                yield key >> 3, message[position : position + length]
                position += length
            case 1:
                position += 8
            case 5:
                position += 4
            case other:
                raise WireError(f"unknown wire type {other}")
        if position > end:
            raise WireError(_TOO_LONG)


def number_field(number: int, value: int) -> bytes:
    """A field with a number; the default, 0, is not written."""
    return _written(number << 3) + _written(value) if value else b""


def bytes_field(number: int, value: bytes) -> bytes:
    """A field with bytes, text or a message."""
    return _written(number << 3 | 2) + _written(len(value)) + value


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _varint(message: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise WireError("a number that does not end")
        byte = message[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7

"""BuildKit's messages: real ones are read, anything else is refused and never more than that."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eulermaker.engines.docker.wire import Vertex, VertexLog, WireError, read_status
from tests.engines.conftest import Said
from tests.server import IMAGE

LEN, VARINT, FIXED64, FIXED32 = 2, 0, 1, 5


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    return varint(number << 3 | LEN) + varint(len(value)) + value


@pytest.fixture(scope="module")
def messages(said: Said) -> list[bytes]:
    """The messages of a real build."""
    dockerfile = f"FROM {IMAGE}\nRUN echo 你好 && false\n"
    told = [json.loads(line) for line in said(dockerfile, version="2", nocache="1")]
    found = [
        base64.b64decode(message["aux"]) for message in told if message.get("id") == "moby.buildkit.trace"
    ]
    assert found
    return found


def refuse_or_read(message: bytes) -> None:
    try:
        read_status(message)
    except WireError:
        return


def test_a_real_build_is_read(messages: list[bytes]) -> None:
    vertexes = [vertex for message in messages for vertex in read_status(message)[0]]
    logs = [entry for message in messages for entry in read_status(message)[1]]
    [failing] = [vertex for vertex in vertexes if vertex.error and "RUN" in vertex.name]
    assert failing.name == "[2/2] RUN echo 你好 && false"
    assert "exit code: 1" in failing.error
    assert failing.started is not None
    assert failing.completed is not None
    assert failing.started <= failing.completed <= datetime.now(UTC)
    assert {vertex.cached for vertex in vertexes} == {True, False}
    assert b"".join(entry.data for entry in logs if entry.vertex == failing.digest) == "你好\n".encode()


def test_a_real_message_cut_at_any_byte_is_refused_or_read(messages: list[bytes]) -> None:
    for message in messages:
        for end in range(len(message)):
            refuse_or_read(message[:end])


@settings(max_examples=300)
@given(data=st.data())
def test_a_real_message_with_wrong_bytes_is_refused_or_read(
    messages: list[bytes], data: st.DataObject
) -> None:
    message = bytearray(data.draw(st.sampled_from(messages)))
    for at in data.draw(st.lists(st.integers(0, len(message) - 1), min_size=1, max_size=8)):
        message[at] = data.draw(st.integers(0, 255))
    refuse_or_read(bytes(message))


FIELDS = st.recursive(
    st.binary(max_size=20) | st.integers(0, 2**64 - 1),
    lambda inner: st.lists(st.tuples(st.integers(1, 9), inner), max_size=5).map(
        lambda fields: b"".join(field(number, value) for number, value in fields)
    ),
    max_leaves=12,
)


@settings(max_examples=500)
@given(FIELDS)
@example(field(1, field(5, field(1, 2**63))))  # a second that no calendar has
@example(field(1, field(5, field(2, 10**9 * 5))))  # more nanoseconds than a second has
@example(field(1, field(5, field(1, b"x"))))
@example(varint(3 << 3 | FIXED64) + b"abc")
def test_any_message_is_refused_or_read(message: bytes | int) -> None:
    refuse_or_read(message if isinstance(message, bytes) else varint(message))


@given(st.binary())
def test_any_bytes_are_refused_or_read(message: bytes) -> None:
    refuse_or_read(message)


@pytest.mark.parametrize(
    "message",
    [
        b"\x08",
        b"\x80",
        b"\xff" * 11,
        varint(1 << 3 | LEN) + b"\x05abc",
        varint(9 << 3 | FIXED64) + b"1234567",
        varint(9 << 3 | FIXED32) + b"123",
        b"\x0b",
        b"\x0f",
    ],
)
def test_what_is_cut_short_or_unknown_is_refused(message: bytes) -> None:
    with pytest.raises(WireError):
        read_status(message)


@given(
    digest=st.text(),
    name=st.text(),
    error=st.text(),
    cached=st.booleans(),
    at=st.integers(0, 2**33),
    nanos=st.integers(0, 999_999_999),
)
def test_what_is_written_is_read(
    digest: str, name: str, error: str, cached: bool, at: int, nanos: int
) -> None:
    moment = field(1, at) + field(2, nanos)
    vertex = b"".join(
        (
            field(1, digest.encode()),
            field(2, b"an input that we do not use"),
            field(3, name.encode()),
            field(4, cached),
            field(5, moment),
            field(7, error.encode()),
            varint(15 << 3 | FIXED64) + bytes(8),
            varint(15 << 3 | FIXED32) + bytes(4),
        )
    )
    entry = field(1, digest.encode()) + field(2, moment) + field(3, 1) + field(4, b"\xffdata")
    expected = datetime.fromtimestamp(at, UTC).replace(microsecond=nanos // 1000)
    assert read_status(field(1, vertex) + field(2, b"a status") + field(3, entry)) == (
        [Vertex(digest, name, cached, expected, None, error)],
        [VertexLog(digest, expected, b"\xffdata")],
    )

"""What travels over a terminal's socket: JSON frames, or the binary subprotocol for the bytes.

`seq` counts the bytes of the output, those of the frame that carries it included: the number to
acknowledge, and to resume from.
"""

import codecs
import struct
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from eulermaker.features.terminals.schemas import Dimensions
from eulermaker.kernel.faults import InvalidFields
from eulermaker.kernel.validation import field_errors

SUBPROTOCOL = "eulermaker.terminal.v1"
OUTPUT, INPUT, ACK = 1, 2, 3
HEAD = struct.Struct(">BQ")
_MAX_SEQ = 2**63 - 1

Message = dict[str, Any]


class Input(BaseModel):
    """What was typed."""

    type: Literal["input"]
    data: str


class Resize(BaseModel):
    """The size that the client shows."""

    type: Literal["resize"]
    data: Dimensions


class Ack(BaseModel):
    """How far the client has parsed."""

    type: Literal["ack"]
    seq: Annotated[int, Field(ge=0, le=_MAX_SEQ)]


class Ping(BaseModel):
    """A question for a sign of life."""

    type: Literal["ping"]


Typed = bytes
ClientFrame = Typed | Resize | Ack | Ping
_FRAMES: TypeAdapter[Input | Resize | Ack | Ping] = TypeAdapter(
    Annotated[Input | Resize | Ack | Ping, Field(discriminator="type")]
)


def received(message: Mapping[str, Any], *, binary: bool) -> ClientFrame:
    """What the client says; raises `invalid-request`."""
    data = message.get("bytes")
    if data is not None:
        return _received_bytes(data, binary=binary)
    try:
        frame = _FRAMES.validate_json(message["text"])
    except ValidationError as error:
        raise InvalidFields(field_errors(_within_frame(error))) from None
    return frame.data.encode() if isinstance(frame, Input) else frame


def _within_frame(error: ValidationError) -> list[dict[str, Any]]:
    return [{**found, "loc": ("frame", *found["loc"])} for found in error.errors(include_url=False)]


def _received_bytes(data: bytes, *, binary: bool) -> ClientFrame:
    kind = data[0] if binary and data else None
    if kind == INPUT:
        return data[1:]
    if kind == ACK and len(data) == HEAD.size:
        return Ack(type="ack", seq=min(HEAD.unpack(data)[1], _MAX_SEQ))
    raise InvalidFields.one(
        "frame",
        zh=f"不是有效的二进制帧；二进制帧需要子协议 {SUBPROTOCOL}",
        en=f"This is no binary frame; binary frames need the subprotocol {SUBPROTOCOL}",
    )


class Framing(Protocol):
    """How output becomes messages, for one socket."""

    def output(self, data: bytes, *, seq: int) -> Message | None:
        """The message for these bytes, which end at `seq`; None when none can be made of them yet."""
        ...

    def rest(self, *, seq: int) -> Message | None:
        """The message for what was held back, when nothing follows it."""
        ...


class JsonFraming:
    """Output as JSON: characters that are cut between two reads arrive whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def output(self, data: bytes, *, seq: int) -> Message | None:
        """The message for the whole characters; its `seq` leaves out what was held back."""
        text = self._decoder.decode(data)
        return _text({"type": "output", "data": text, "seq": seq - self._held_back()}) if text else None

    def rest(self, *, seq: int) -> Message | None:
        """The message for what was held back."""
        text = self._decoder.decode(b"", final=True)
        return _text({"type": "output", "data": text, "seq": seq}) if text else None

    def _held_back(self) -> int:
        return len(self._decoder.getstate()[0])


class BinaryFraming:
    """Output as it is, behind one byte of type and eight of `seq`."""

    def output(self, data: bytes, *, seq: int) -> Message | None:
        """The message for these bytes."""
        return {"type": "websocket.send", "bytes": HEAD.pack(OUTPUT, seq) + data}

    def rest(self, *, seq: int) -> Message | None:
        """Nothing is ever held back."""
        return None


def gap(first: int, last: int) -> Message:
    """The message that says which bytes are lost: those from `first` up to but without `last`."""
    return _text({"type": "gap", "from": first, "to": last})


def resized(dimensions: Dimensions) -> Message:
    """The message that says which size the terminal has now."""
    return _text({"type": "resize", "data": dimensions.model_dump()})


def exited(*, seq: int, reason: str, exit_code: int | None) -> Message:
    """The last message."""
    return _text({"type": "exit", "reason": reason, "exit_code": exit_code, "seq": seq})


def pong(seq: int) -> Message:
    """The answer to a ping."""
    return _text({"type": "pong", "seq": seq})


def error(frame: str) -> Message:
    """The message for a refused frame."""
    return {"type": "websocket.send", "text": frame}


def _text(content: Mapping[str, Any]) -> Message:
    return {"type": "websocket.send", "text": to_json(content).decode()}

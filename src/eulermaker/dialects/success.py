"""000's success envelope."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response

from eulermaker.kernel.clock import rfc3339, utc_now

T = TypeVar("T")


class Success(BaseModel, Generic[T]):
    """`{success, data, message?, timestamp}`; the shape that the API reference shows."""

    success: bool = True
    data: T
    message: str | None = None
    timestamp: str


class Done(BaseModel):
    """`{success, message, timestamp}`: an action that leaves nothing to show."""

    success: bool = True
    message: str
    timestamp: str


def success(data: Any, *, message: str | None = None, status: int = 200) -> Response:
    """The answer with that data, already written: no second validation of what we made ourselves."""
    return json_bytes(envelope(to_json(data), message=message), status=status)


def done(message: str) -> Response:
    """The answer to an action that leaves nothing to show."""
    return json_bytes(to_json({"success": True, "message": message, "timestamp": rfc3339(utc_now())}))


def envelope(data: bytes, *, message: str | None = None) -> bytes:
    """The envelope around data that is JSON already."""
    told = b'"message":' + to_json(message) + b"," if message is not None else b""
    now = rfc3339(utc_now()).encode()
    return b'{"success":true,"data":' + data + b"," + told + b'"timestamp":"' + now + b'"}'


def json_bytes(body: bytes, *, status: int = 200) -> Response:
    """A JSON response with that body."""
    return Response(body, status_code=status, media_type="application/json")

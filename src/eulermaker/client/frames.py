"""The frames of streams and sockets: JSON objects, one a line or one a message."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from eulermaker.client.errors import EulerMakerError, ServerError


def frames(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The complete lines of an NDJSON body; the torn one before a cut is left out."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (frame(line) for line in lines if line.strip())


def frame(line: str | bytes) -> dict[str, Any]:
    """One frame; ServerError where it is no JSON object."""
    try:
        read = json.loads(line)
    except ValueError as error:
        raise ServerError("unexpected-answer", "The stream holds a line that is not JSON") from error
    if not isinstance(read, dict):
        raise ServerError("unexpected-answer", "The stream holds a line that is no JSON object")
    return read


def told(frame: dict[str, Any]) -> EulerMakerError:
    """An error frame; retryable, as asking again either goes on or tells the error with its status."""
    error = frame.get("error")
    facts = error if isinstance(error, dict) else {}
    return ServerError(
        str(facts.get("code", "stream-error")),
        str(facts.get("message", "The stream failed")),
        retryable=True,
    )

"""What the fuzzer must know of this API: which streams never end, and which failures are documented."""

import io
import itertools
import json
import os
import tarfile
from typing import Any

import httpx
import schemathesis

from tests.fuzz.furniture import Furniture

#: Query parameters that make an answer endless.
ENDLESS = ("follow", "stream")
TRUE = {"true", "1", "yes", "on", "t", "y"}
#: Failures of the server's side that a healthy engine may cause, because the outside world did.
DOCUMENTED = {"registry-unreachable", "image-pull-failed", "image-pull-pending", "too-many-image-pulls"}
MAINTENANCE = "/api/v1/system/maintenance"
#: How many requests are made between two looks at the furniture.
LOOK = 200


def _client(person: str) -> httpx.Client:
    headers = {"Authorization": os.environ[person]}
    return httpx.Client(base_url=os.environ["FUZZ_URL"], headers=headers, timeout=60)


_administrator = _client("FUZZ_ADMINISTRATOR")
_furniture = Furniture(_client("FUZZ_PERSON"), _client("FUZZ_OPERATOR"))
_calls = itertools.count()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Ask for the end of what would have none, and every other time about something that is there."""
    del context, kwargs
    number = next(_calls)
    if number % LOOK == 0:
        _furniture.place()
    for name in ENDLESS:
        if str((case.query or {}).get(name, "")).lower() in TRUE:
            case.query[name] = "false"
    if number % 2:
        for name in _furniture.ids.keys() & (case.path_parameters or {}).keys():
            case.path_parameters[name] = _furniture.ids[name]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """End a maintenance at once: while it lasts, every write is answered with it."""
    del context
    if case.method == "PUT" and case.operation.path == MAINTENANCE and response.status_code == 200:
        _administrator.delete(MAINTENANCE).raise_for_status()


@schemathesis.serializer("application/x-tar")
def archive(context: Any, value: Any) -> bytes:
    """A body for what takes archives: rubbish, or an archive with rubbish in it."""
    del context
    content = value if isinstance(value, bytes) else json.dumps(value, default=repr).encode()
    if len(content) % 2:
        return content
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        member = tarfile.TarInfo("fuzz")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return whole.getvalue()


@schemathesis.check
def documented_failure(context: Any, response: Any, case: Any) -> None:
    """A server error is one that the API's reference explains."""
    del context, case
    if response.status_code >= 500:
        told = response.headers.get("x-error-code", ["none"])
        assert set(told) <= DOCUMENTED, f"{response.status_code} with X-Error-Code {told}"

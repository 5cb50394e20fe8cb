"""Reads whose path and query are read once: the same means the same each time it is asked."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from eulermaker.dialects.success import json_bytes
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import Fault

MAX_QUERIES = 1024
MAX_LENGTH = 1024

#: The JSON that somebody is answered; whether he may have it is asked anew each time.
Answer = Callable[[Call], Awaitable[bytes]]
Refusal = Callable[[Request, Exception], Awaitable[Response | None]]


class Repeats:
    """ASGI middleware: answers what was asked before by what its endpoint has left with `repeatable`.

    Finding a route, solving its dependencies and checking a handful of query parameters costs ten times
    what finding a page in memory does. It stands behind the gate: who asks is counted and known here.
    """

    def __init__(self, app: ASGIApp, *, refusal: Refusal) -> None:
        self._app = app
        self._refusal = refusal
        self._known: OrderedDict[tuple[str, bytes], tuple[object, Answer]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = scope["state"].get("call")
        if call is None or scope.get("method") != "GET":
            await self._app(scope, receive, send)
            return
        asked = scope["path"], scope["query_string"]
        known = self._known.get(asked)
        if known is None:
            await self._app(scope, receive, send)
            self._learn(asked, scope)
            return
        scope["route"], answer = known
        try:
            body = await answer(call)
        except Fault as fault:
            refused = await self._refusal(Request(scope), fault)
            assert refused is not None
            await refused(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _learn(self, asked: tuple[str, bytes], scope: Scope) -> None:
        answer = scope.pop("repeatable", None)
        if answer is not None and len(asked[0]) + len(asked[1]) <= MAX_LENGTH:
            self._known[asked] = scope["route"], answer
            if len(self._known) > MAX_QUERIES:
                self._known.popitem(last=False)


async def repeatable(request: Request, call: Call, answer: Answer) -> Response:
    """Answer, now and whenever the same is asked again, unless it is refused.

    What it depends on beside the request's path and query is the call, and nothing else.
    """
    body = await answer(call)
    request.scope["repeatable"] = answer
    return json_bytes(body)

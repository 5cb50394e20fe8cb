"""Answers that go on: begun only once there is something to send, ended when the client goes away."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from eulermaker.dialects.dialect import Rendering
from eulermaker.dialects.render import answer_of
from eulermaker.dialects.stream import frame
from eulermaker.kernel.clock import rfc3339, utc_now
from eulermaker.kernel.faults import Fault

NDJSON = "application/x-ndjson"


class Stream(Response):
    """A body from a generator; what it raises before its first item is answered as any fault.

    Later, a stream of frames ends with an error frame, and any other is broken off.
    """

    def __init__(
        self,
        body: AsyncGenerator[bytes, None],
        *,
        media_type: str = NDJSON,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._body = body
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        fault: Fault | None = None
        async with aclosing(self._body) as body, anyio.create_task_group() as group:
            group.start_soon(_cancel_when_gone, receive, group.cancel_scope)
            fault = await self._send(body, scope, send)
            group.cancel_scope.cancel()
        if fault is not None:
            raise fault

    async def _send(self, body: AsyncGenerator[bytes, None], scope: Scope, send: Send) -> Fault | None:
        """Send the body; tells the fault that only the caller can still answer."""
        begun = False
        try:
            async for data in body:
                if not begun:
                    begun = True
                    await self._begin(send)
                await send({"type": "http.response.body", "body": data, "more_body": True})
        except Fault as fault:
            if not begun or self.media_type != NDJSON:
                return fault
            told = frame(_rendering(fault, scope)).encode() + b"\n"
            await send({"type": "http.response.body", "body": told, "more_body": True})
        if not begun:
            await self._begin(send)
        await send({"type": "http.response.body", "body": b""})
        return None

    async def _begin(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # The end of the request's body.
    scope.cancel()


def _rendering(fault: Fault, scope: Scope) -> Rendering:
    state = scope["state"]
    return Rendering(
        fault=fault,
        answer=answer_of(fault, "000"),
        language=state["language"],
        timestamp=rfc3339(utc_now()),
        request_id=state["request_id"],
        trace_id=state["trace_id"],
        path=scope["path"],
    )

"""`/ws/builds/{id}/logs`: a build's log, live, to any number of followers."""

from contextlib import aclosing
from typing import Annotated

import anyio
from fastapi import APIRouter, Query
from starlette.websockets import WebSocket

from eulermaker.features.accounts.callers import Callers
from eulermaker.features.builds.follow import End, Lines, follow
from eulermaker.features.builds.log import LogReader, batch_frame, end_frame
from eulermaker.features.builds.service import Builds
from eulermaker.kernel.sockets import Sockets

NORMAL = 1000


def router(builds: Builds, callers: Callers, sockets: Sockets) -> APIRouter:
    """The sockets of the builds."""
    routes = APIRouter(prefix="/ws/builds")

    @routes.websocket("/{build}/logs")
    async def logs(
        websocket: WebSocket,
        build: str,
        since: Annotated[int, Query(ge=0)] = 0,
        batch: bool = False,
    ) -> None:
        """The lines after `since`, then those that come, then `{"type":"end","status":…}`.

        One frame a line, or with `batch` frames `{"type":"logs","lines":[…]}` of many.
        """
        call = await callers.of_socket(websocket)
        await builds.get(call, build)
        await websocket.accept()
        async with sockets.session(websocket):
            with LogReader(builds.files.log(build)) as reader:
                await anyio.to_thread.run_sync(reader.after, since)
                async with aclosing(follow(builds, build, reader)) as pieces:
                    async for piece in pieces:
                        match piece:
                            case Lines(data=data):
                                await _send(websocket, data, batch=batch)
                            case End(seq=seq, status=status):
                                await websocket.send_text(end_frame(seq, status or "deleted"))
            await websocket.close(NORMAL)

    return routes


async def _send(websocket: WebSocket, lines: bytes, *, batch: bool) -> None:
    if batch:
        await websocket.send_text(batch_frame(lines))
        return
    # One frame a line is the documented form and the dearest one: what Starlette's own method
    # adds to each frame is left out.
    send = websocket.send
    for line in lines.decode().split("\n")[:-1]:
        await send({"type": "websocket.send", "text": line})

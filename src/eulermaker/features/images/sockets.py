"""`/ws/images/pulls/{id}`: how far a pull is, live, to any number of watchers."""

from contextlib import aclosing
from typing import Any

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.websockets import WebSocket

from eulermaker.features.accounts.callers import Callers
from eulermaker.features.images.api import shown
from eulermaker.features.images.service import Images
from eulermaker.kernel.sockets import Sockets

NORMAL = 1000


def router(images: Images, callers: Callers, sockets: Sockets) -> APIRouter:
    """The sockets of the images."""
    routes = APIRouter(prefix="/ws/images")

    @routes.websocket("/pulls/{pull}")
    async def progress(websocket: WebSocket, pull: str) -> None:
        """Frames `{"type":"progress", …}` with the whole state, at last `{"type":"end","status":…}`."""
        call = await callers.of_socket(websocket)
        found = images.pull_of(call, pull)
        await websocket.accept()
        async with sockets.session(websocket):
            async with aclosing(images.pulls.watch(found)) as states:
                async for state in states:
                    kind = "progress" if state.running else "end"
                    told = shown(state, call.language).model_dump(mode="json")
                    await _send(websocket, {"type": kind, **told})
            await websocket.close(NORMAL)

    return routes


async def _send(websocket: WebSocket, frame: dict[str, Any]) -> None:
    await websocket.send_text(to_json(frame).decode())

"""The baseline: FastAPI on uvicorn with the product's settings, answering from memory.

`python -m benchmarks.bare_server PORT FRAMES PAGE`: `/page` answers the file PAGE, `/frames` is a socket that
sends each line of the file FRAMES as one frame, `/batches` one that sends them 256 KiB at a time, `/idle` one
that says nothing.
"""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.websockets import WebSocket

CHUNK = 256 * 1024


def create_app(frames: Path, page: Path) -> FastAPI:
    """The application."""
    app = FastAPI(openapi_url=None)
    text = frames.read_text()
    lines = text.split("\n")[:-1]
    batches = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    body = page.read_bytes()

    @app.get("/page")
    async def get_page() -> Response:
        return Response(body, media_type="application/json")

    @app.websocket("/frames")
    async def send_frames(websocket: WebSocket) -> None:
        await _send(websocket, lines)

    @app.websocket("/batches")
    async def send_batches(websocket: WebSocket) -> None:
        await _send(websocket, batches)

    @app.websocket("/idle")
    async def stay_idle(websocket: WebSocket) -> None:
        await websocket.accept()
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass

    return app


async def _send(websocket: WebSocket, frames: list[str]) -> None:
    await websocket.accept()
    for frame in frames:
        await websocket.send({"type": "websocket.send", "text": frame})
    await websocket.send_text('{"type":"end"}')
    await websocket.close()


if __name__ == "__main__":
    uvicorn.run(
        create_app(Path(sys.argv[2]), Path(sys.argv[3])),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
    )

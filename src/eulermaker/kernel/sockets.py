"""The open WebSockets of this process: each is a session that ends with a reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from eulermaker.kernel.telemetry import Metrics

GOING_AWAY = 1001
CLOSE_SECONDS = 1.0


class Sockets:
    """Counts open sockets and closes them all, with a reason, when the server goes down."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._scopes: set[anyio.CancelScope] = set()
        self._closing = False

    @asynccontextmanager
    async def session(self, websocket: WebSocket) -> AsyncIterator[None]:
        """The life of an accepted socket that only sends.

        The block is cancelled when the client goes away and when the server shuts down; then the
        socket is closed with 1001 and the reason.
        """
        self._metrics.sockets.inc()
        scope = anyio.CancelScope()
        self._scopes.add(scope)
        if self._closing:
            scope.cancel()
        try:
            with scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(_until_gone, websocket, group.cancel_scope)
                    # The client may go away while we are sending.
                    with suppress(WebSocketDisconnect):
                        yield
                    group.cancel_scope.cancel()
        finally:
            self._scopes.discard(scope)
            self._metrics.sockets.dec()
        if scope.cancelled_caught:
            with anyio.move_on_after(CLOSE_SECONDS):
                await websocket.close(GOING_AWAY, "server is shutting down")

    def close_all(self) -> None:
        """End every session: the server goes down."""
        self._closing = True
        for scope in self._scopes:
            scope.cancel()


async def _until_gone(websocket: WebSocket, scope: anyio.CancelScope) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass  # Nothing that a client sends here means anything.
    scope.cancel()

"""`/ws/terminals/{id}`: type into a terminal, or look at it."""

from contextlib import aclosing
from typing import Annotated, Literal, assert_never

import anyio
from fastapi import APIRouter, Query
from starlette.websockets import WebSocket, WebSocketDisconnect

from eulermaker.dialects import stream
from eulermaker.dialects.dialect import Rendering
from eulermaker.dialects.render import answer_of
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.terminals import wire
from eulermaker.features.terminals.faults import TERMINAL_VIEW_ONLY
from eulermaker.features.terminals.schemas import Dimensions
from eulermaker.features.terminals.service import Terminals
from eulermaker.features.terminals.session import Session
from eulermaker.features.terminals.viewer import Viewer
from eulermaker.features.terminals.wire import Ack, BinaryFraming, Framing, JsonFraming, Ping, Resize
from eulermaker.kernel.clock import rfc3339, utc_now
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.sockets import Sockets

NORMAL = 1000
#: A client that takes no more of an ended terminal's output than this long is let go.
FAREWELL_SECONDS = 10.0


def router(terminals: Terminals, callers: Callers, sockets: Sockets) -> APIRouter:
    """The sockets of the terminals."""
    routes = APIRouter(prefix="/ws/terminals")

    @routes.websocket("/{terminal}")
    async def attach(
        websocket: WebSocket,
        terminal: str,
        since: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
        mode: Literal["edit", "view"] = "edit",
        ack: bool = False,
    ) -> None:
        """The output from byte `since` on, or all that is kept of it; `mode=view` only looks.

        JSON frames as documented; with the subprotocol `eulermaker.terminal.v1` bytes travel as they
        are. Clients of the subprotocol, and those that say `ack`, acknowledge what they have parsed.
        """
        call = await callers.of_socket(websocket)
        session = terminals.get(call, terminal)
        binary = wire.SUBPROTOCOL in websocket.scope["subprotocols"]
        with session.watch(since=since, interactive=mode == "edit", acknowledges=binary or ack) as viewer:
            await terminals.attached(call, session, view=mode == "view", since=since)
            await websocket.accept(subprotocol=wire.SUBPROTOCOL if binary else None)
            async with sockets.conversation(websocket):
                await Attachment(websocket, session, viewer, binary=binary).run()

    return routes


class Attachment:
    """One socket at one terminal, both ways."""

    def __init__(self, websocket: WebSocket, session: Session, viewer: Viewer, *, binary: bool) -> None:
        self._socket = websocket
        self._session = session
        self._viewer = viewer
        self._binary = binary
        self._framing: Framing = BinaryFraming() if binary else JsonFraming()

    async def run(self) -> None:
        """Until the client goes away or the terminal has ended and all of it was sent."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._receive, group.cancel_scope)
            try:
                await self._send()
                await self._socket.close(NORMAL, self._session.reason)
            except WebSocketDisconnect:
                pass  # The client went away while we were sending.
            group.cancel_scope.cancel()

    async def _send(self) -> None:
        session, viewer = self._session, self._viewer
        async with aclosing(session.show(viewer)) as news:
            async for piece in news:
                match piece:
                    case bytes():
                        message = self._framing.output(piece, seq=viewer.sent + len(piece))
                    case (first, last):
                        self._framing = BinaryFraming() if self._binary else JsonFraming()
                        message = wire.gap(first, last)
                    case Dimensions():
                        message = wire.resized(piece)
                    case _:
                        assert_never(piece)
                if message is not None:
                    await self._tell(message)
        if rest := self._framing.rest(seq=viewer.sent):
            await self._tell(rest)
        await self._tell(
            wire.exited(seq=viewer.sent, reason=session.reason or "exited", exit_code=session.exit_code)
        )

    async def _tell(self, message: wire.Message) -> None:
        if self._session.status == "active":
            await self._socket.send(message)
            return
        with anyio.move_on_after(FAREWELL_SECONDS) as scope:
            await self._socket.send(message)
        if scope.cancelled_caught:
            raise WebSocketDisconnect

    async def _receive(self, scope: anyio.CancelScope) -> None:
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            try:
                await self._take(wire.received(message, binary=self._binary))
            except Fault as fault:
                try:
                    await self._socket.send(wire.error(self._refusal(fault)))
                except WebSocketDisconnect:
                    break
        scope.cancel()

    async def _take(self, frame: wire.ClientFrame) -> None:
        match frame:
            case bytes():
                self._require_edit()
                await self._session.write(self._viewer, frame)
            case Resize(data=dimensions):
                self._require_edit()
                await self._session.resize(dimensions)
            case Ack(seq=seq):
                self._session.acknowledge(self._viewer, seq)
            case Ping():
                await self._socket.send(wire.pong(self._session.scrollback.end))
            case _:
                assert_never(frame)

    def _require_edit(self) -> None:
        if not self._viewer.interactive:
            raise TERMINAL_VIEW_ONLY()

    def _refusal(self, fault: Fault) -> str:
        state = self._socket.state
        return stream.frame(
            Rendering(
                fault=fault,
                answer=answer_of(fault, "000"),
                language=state.language,
                timestamp=rfc3339(utc_now()),
                request_id=state.request_id,
                trace_id=state.trace_id,
                path=self._socket.url.path,
            )
        )

"""`/ws/containers/events`, and `/ws/events` for all kinds: what happens to what the caller may see."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.websockets import WebSocket

from eulermaker.features.accounts.callers import Callers
from eulermaker.features.containers.journal import Journal, Recorded
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.ownership import CONTAINERS, NETWORKS
from eulermaker.kernel.sockets import Line, Sockets

BATCH = 500
#: After which number the events begin, for who has to come back before the first of them.
SEQ_HEADER = b"x-event-seq"

#: How far back one may ask for without knowing a number.
MAX_BACK = 500
Since = Annotated[int | None, Query(ge=-MAX_BACK, le=2**53)]


def router(journal: Journal, callers: Callers, sockets: Sockets) -> APIRouter:
    """The sockets of the events."""
    routes = APIRouter(prefix="/ws")

    @routes.websocket("/containers/events")
    async def container_events(websocket: WebSocket, since: Since = None) -> None:
        """The events of containers after number `since`, else from now on; gaps are told.

        A negative `since` begins that many events back, for who knows no number yet.
        """
        await follow(websocket, since, containers_only=True)

    @routes.websocket("/events")
    async def all_events(websocket: WebSocket, since: Since = None) -> None:
        """The events of containers, images and networks, numbered together."""
        await follow(websocket, since, containers_only=False)

    async def follow(websocket: WebSocket, since: int | None, *, containers_only: bool) -> None:
        # From now on means from the handshake on, not from when it has been answered.
        seq = _beginning(journal.seq, since)
        call = await callers.of_socket(websocket)
        call.require(Permission.CONTAINERS_READ)
        await websocket.accept(headers=[(SEQ_HEADER, str(seq).encode())])

        async def tell(line: Line) -> None:
            at = seq
            while True:
                bell = journal.listen()
                for event in journal.after(at, count=BATCH):
                    at = event.seq
                    if event.is_gap or (
                        _sees(call, event) and (event.kind == "container" or not containers_only)
                    ):
                        await line.send_text(event.frame)
                if at == journal.seq:
                    await bell.wait()

        sockets.leave(websocket, tell)

    return routes


def _beginning(latest: int, since: int | None) -> int:
    if since is None:
        return latest
    return min(since, latest) if since >= 0 else max(0, latest + since)


def _sees(call: Call, event: Recorded) -> bool:
    match event.kind:
        case "container":
            return CONTAINERS.sees(call, event.labels)
        case "network":
            return call.principal.may(Permission.NETWORKS_READ) and NETWORKS.sees(call, event.labels)
        case "image":
            return call.principal.may(Permission.IMAGES_READ)

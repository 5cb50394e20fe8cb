"""`/ws/containers/events`: what happens to the containers that the caller may see."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.websockets import WebSocket

from eulermaker.features.accounts.callers import Callers
from eulermaker.features.containers.journal import Journal
from eulermaker.kernel.call import Permission
from eulermaker.kernel.ownership import CONTAINERS
from eulermaker.kernel.sockets import Sockets

BATCH = 500


def router(journal: Journal, callers: Callers, sockets: Sockets) -> APIRouter:
    """The sockets of the containers."""
    routes = APIRouter(prefix="/ws/containers")

    @routes.websocket("/events")
    async def events(
        websocket: WebSocket, since: Annotated[int | None, Query(ge=0, le=2**53)] = None
    ) -> None:
        """The events after number `since`, else from now on; a gap is told where some may be missing."""
        call = await callers.of_socket(websocket)
        call.require(Permission.CONTAINERS_READ)
        await websocket.accept()
        async with sockets.session(websocket):
            # A number from another installation's journal begins here at the end.
            seq = journal.seq if since is None else min(since, journal.seq)
            while True:
                bell = journal.listen()
                for event in journal.after(seq, count=BATCH):
                    seq = event.seq
                    if event.is_gap or CONTAINERS.sees(call, event.labels):
                        await websocket.send_text(event.frame)
                if seq == journal.seq:
                    await bell.wait()

    return routes

"""`/ws/probes/notifications`: results as they are stored, and what happens to alerts."""

from collections.abc import Callable
from typing import Annotated

import anyio
from fastapi import APIRouter, Query
from starlette.websockets import WebSocket

from eulermaker.features.accounts.callers import Callers
from eulermaker.features.alerts.feed import Feed as AlertFeed
from eulermaker.features.alerts.schemas import Event
from eulermaker.features.probes.api import MAX_LABEL_FILTERS, label_of
from eulermaker.features.probes.feed import Feed, News
from eulermaker.features.probes.service import Probes
from eulermaker.features.probes.wording import shown_container
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.followers import Follower
from eulermaker.kernel.sockets import Sockets
from eulermaker.kernel.validation import Text

TRY_AGAIN_LATER = 1013
#: A follower that takes nothing for so long is let go.
STALLED_SECONDS = 30.0
FAREWELL_SECONDS = 1.0


def router(
    probes: Probes, feed: Feed, alert_feed: AlertFeed, callers: Callers, sockets: Sockets
) -> APIRouter:
    """The sockets of the probes."""
    routes = APIRouter(prefix="/ws/probes")

    @routes.websocket("/notifications")
    async def notifications(
        websocket: WebSocket,
        probe_id: Annotated[list[Text], Query(max_length=100)] = [],  # noqa: B006  # FastAPI copies it
        container_id: Annotated[list[Text], Query(max_length=100)] = [],  # noqa: B006  # FastAPI copies it
        label: Annotated[list[Text], Query(max_length=MAX_LABEL_FILTERS)] = [],  # noqa: B006  # FastAPI copies it
    ) -> None:
        """The results and alerts of the probes that the caller may see, or of those that are named.

        A follower that is too slow is told `{"type":"gap","missed":…}` in place of what it missed.
        """
        call = await callers.of_socket(websocket)
        call.require(Permission.PROBES_READ)
        wants = _wanted(probes, call, ids=frozenset(probe_id), containers=container_id, labels=label)
        hears = _heard(probes, call, ids=frozenset(probe_id), containers=container_id, labels=label)
        await websocket.accept()
        async with sockets.session(websocket):
            with feed.follow(wants) as follower, alert_feed.follow(hears) as listener:
                await tell(websocket, follower, listener)

    return routes


async def tell(
    websocket: WebSocket,
    follower: Follower[News],
    listener: Follower[Event],
    *,
    patience: float = STALLED_SECONDS,
) -> None:
    """Send what the two get, until a frame is not taken within `patience` seconds."""
    while True:
        bell = follower.bell = listener.bell = anyio.Event()
        for frame in [*follower.take(), *listener.take()]:
            with anyio.move_on_after(patience) as scope:
                await websocket.send_text(frame)
            if scope.cancelled_caught:
                # What is not taken keeps the farewell waiting, too.
                with anyio.move_on_after(FAREWELL_SECONDS):
                    await websocket.close(TRY_AGAIN_LATER, "too slow")
                return
        if not follower.frames and not listener.frames:
            await bell.wait()


def _wanted(
    probes: Probes, call: Call, *, ids: frozenset[str], containers: list[str], labels: list[str]
) -> Callable[[News], bool]:
    """Tells of a result whether somebody is to be told of it."""
    wanted_containers = {probes.container_id(one) for one in containers}
    wanted_labels = [label_of(one) for one in labels]

    def wants(news: News) -> bool:
        probe = news.probe
        return (
            (not ids or probe.id in ids)
            and (not wanted_containers or probe.container in wanted_containers)
            and all(n in probe.labels and v in (None, probe.labels[n]) for n, v in wanted_labels)
            and probes.sees(call, probe)
        )

    return wants


def _heard(
    probes: Probes, call: Call, *, ids: frozenset[str], containers: list[str], labels: list[str]
) -> Callable[[Event], bool]:
    """Tells of what happened to an alert whether somebody is to be told of it."""
    wanted_containers = {shown_container(probes.container_id(one)) for one in containers}
    wanted_labels = [label_of(one) for one in labels]
    principal, everybody = call.principal, call.principal.may(Permission.PROBES_READ_ALL)

    def hears(event: Event) -> bool:
        frame = event.frame
        return (
            event.tenant_id == principal.tenant
            and (everybody or event.owner_id == principal.user)
            and (not ids or frame["probe_id"] in ids)
            and (not wanted_containers or frame["container_id"] in wanted_containers)
            and all(n in frame["labels"] and v in (None, frame["labels"][n]) for n, v in wanted_labels)
        )

    return hears

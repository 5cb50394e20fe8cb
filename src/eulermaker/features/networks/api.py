"""The networks of family 000."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.engines.containers import Container
from eulermaker.engines.networks import Endpoint, Network
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.networks.schemas import (
    Attached,
    Detail,
    Member,
    NetworkList,
    NewMember,
    NewNetwork,
    Summary,
)
from eulermaker.features.networks.service import Networks
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

CREATED = {"zh": "网络创建成功", "en": "Network created"}
REMOVED = {"zh": "网络删除成功", "en": "Network removed"}
CONNECTED = {"zh": "容器已接入网络", "en": "Container connected"}
DISCONNECTED = {"zh": "容器已断开网络", "en": "Container disconnected"}


def router(networks: Networks, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/networks`."""
    routes = APIRouter(prefix="/api/v1/networks", tags=["networks"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get("", response_model=Success[NetworkList])
    async def list_networks(
        call: Caller,
        name: Annotated[Text | None, Query(max_length=255)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of networks, by name."""
        found, total = networks.page(call, name=name or None, page=Page(limit, offset))
        listed = [Summary.model_validate(network, from_attributes=True) for network in found]
        return success(NetworkList(networks=listed, total=total, limit=limit, offset=offset))

    @routes.post("", status_code=201, response_model=Success[Summary])
    async def create(call: Caller, body: NewNetwork) -> Response:
        """Create a bridge network of one's own."""
        made = await networks.create(call, body)
        told = Summary.model_validate(made, from_attributes=True)
        return success(told, message=CREATED[call.language], status=201)

    @routes.get("/{network}", response_model=Success[Detail])
    async def detail(call: Caller, network: str) -> Response:
        """Everything about one network, its containers included."""
        found = await networks.get(call, network)
        return success(_detail(found, networks.members(call, found)))

    @routes.delete("/{network}", response_model=Done)
    async def remove(call: Caller, network: str) -> Response:
        """Remove a network that no running container uses."""
        await networks.remove(call, network)
        return done(REMOVED[call.language])

    @routes.post("/{network}/connect", response_model=Done)
    async def connect(call: Caller, network: str, body: NewMember) -> Response:
        """Connect a container."""
        await networks.connect(call, network, container=body.container, aliases=body.aliases)
        return done(CONNECTED[call.language])

    @routes.post("/{network}/disconnect", response_model=Done)
    async def disconnect(call: Caller, network: str, body: Member) -> Response:
        """Disconnect a container."""
        await networks.disconnect(call, network, container=body.container)
        return done(DISCONNECTED[call.language])

    return routes


def _detail(network: Network, members: Sequence[tuple[Container, Endpoint | None]]) -> Detail:
    summary = Summary.model_validate(network, from_attributes=True)
    containers = [
        Attached(
            id=f"container_{container.id[:12]}",
            name=container.name,
            ip_address=endpoint.address or None if endpoint else None,
            mac_address=endpoint.mac_address or None if endpoint else None,
        )
        for container, endpoint in members
    ]
    return Detail(**summary.model_dump(), containers=containers)

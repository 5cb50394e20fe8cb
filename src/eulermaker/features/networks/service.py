"""What the rest of the program may ask about networks."""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from eulermaker.engines.containers import CONTAINER_NOT_FOUND, Container
from eulermaker.engines.networks import (
    NETWORK_IN_USE,
    NETWORK_NOT_FOUND,
    PREDEFINED,
    Endpoint,
    Network,
    NewNetwork,
    Subnet,
)
from eulermaker.engines.networks import Networks as EngineNetworks
from eulermaker.features.audit.service import Audit
from eulermaker.features.networks import schemas
from eulermaker.features.networks.faults import (
    NETWORK_OPTION_REFUSED,
    NETWORK_PREDEFINED,
    NETWORK_STATE_CONFLICT,
    TOO_MANY_NETWORKS,
)
from eulermaker.features.networks.view import NetworkView
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ownership import CONTAINERS, NETWORKS, OWNER, owner_labels
from eulermaker.kernel.paging import Page

_REFERENCE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
#: An engine has addresses for about thirty networks in all.
MAX_OWN = 8
MAX_NAMED = 20
#: Joined by `network_mode` when a container is created, and no way else.
_UNJOINABLE = PREDEFINED - {"bridge"}


class ContainersShown(Protocol):
    """The live view of the containers, as far as networks ask it."""

    def newest_first(self) -> Sequence[Container]:
        """All containers."""
        ...

    def find(self, reference: str) -> Container | None:
        """The container by id, the start of one, or name."""
        ...

    async def refresh(self, identifier: str) -> Container | None:
        """Look at a container again, now."""
        ...


class Networks:
    """The networks of one engine, each with its owner; lists and details are answered from memory."""

    def __init__(
        self, engine: EngineNetworks, view: NetworkView, containers: ContainersShown, audit: Audit
    ) -> None:
        self._engine = engine
        self._view = view
        self._containers = containers
        self._audit = audit

    def page(self, call: Call, *, name: str | None, page: Page) -> tuple[Sequence[Network], int]:
        """One page of the networks that the caller may see, by name, and how many there are in all."""
        call.require(Permission.NETWORKS_READ)
        self._view.require_connected()
        found = [network for network in self._view.all() if _sees(call, network)]
        if name is not None:
            found = [network for network in found if name in network.name]
        found.sort(key=lambda network: (network.name, network.id))
        return found[page.offset : page.offset + page.limit], len(found)

    async def get(self, call: Call, network: str) -> Network:
        """The network; raises `network-not-found`, also for networks that the caller may not see."""
        call.require(Permission.NETWORKS_READ)
        self._view.require_connected()
        found = await self._view.look_for(network)
        if found is None or not _sees(call, found):
            raise NETWORK_NOT_FOUND(network=network, details={"network": network, "resource_type": "network"})
        return found

    def members(self, call: Call, network: Network) -> Sequence[tuple[Container, Endpoint | None]]:
        """The containers of a network as far as the caller may see them, and where they are in it."""
        endpoints = {endpoint.container: endpoint for endpoint in network.endpoints}
        return [
            (container, endpoints.get(container.id))
            for container in self._containers.newest_first()
            if network.name in container.networks and CONTAINERS.sees(call, container.labels)
        ]

    async def create(self, call: Call, wanted: schemas.NewNetwork) -> Network:
        """Create a network of the caller's own.

        Raises `network-predefined`, `network-option-refused`, `too-many-networks`, `name-in-use`,
        `subnet-in-use` and `network-refused`.
        """
        call.require(Permission.NETWORKS_WRITE)
        if wanted.name in PREDEFINED or wanted.name == "default":
            raise _predefined(wanted.name)
        if wanted.subnet is not None and not call.principal.may(Permission.CONTAINERS_UNCONFINED):
            raise NETWORK_OPTION_REFUSED(
                field="subnet", details={"field": "subnet", "resource_type": "network"}
            )
        self._check_count(call)
        subnet = Subnet(wanted.subnet, wanted.gateway) if wanted.subnet else None
        labels = {**wanted.labels, **owner_labels(call)}
        made = await self._engine.create(NewNetwork(wanted.name, subnet, wanted.internal, labels))
        await self._view.refresh(made)
        await self._note(call, "network.create", made, name=wanted.name)
        return await self.get(call, made)

    async def remove(self, call: Call, network: str) -> None:
        """Remove a network; raises `network-in-use` naming the containers, and `network-predefined`."""
        found = await self._changeable(call, network)
        if found.predefined:
            raise _predefined(found.name)
        if not await self._engine.remove(found.id):
            names = [c.name for c, endpoint in self.members(call, found) if endpoint][:MAX_NAMED]
            details = {"network": found.name, "resource_type": "network", "containers": names}
            raise NETWORK_IN_USE(network=found.name, containers=", ".join(names) or "…", details=details)
        await self._view.refresh(found.id)
        await self._note(call, "network.remove", found.id, name=found.name)

    async def connect(self, call: Call, network: str, *, container: str, aliases: Sequence[str]) -> None:
        """Connect a container; raises `network-state-conflict` when it is in the network already."""
        found, member = await self._pair(call, network, container)
        if found.name in member.networks:
            raise _conflict(found, member, state="connected", action="connect")
        await self._engine.connect(found.id, container=member.id, aliases=aliases)
        await self._look_again(found, member)
        await self._note(call, "network.connect", found.id, container=member.id)

    async def disconnect(self, call: Call, network: str, *, container: str) -> None:
        """Disconnect a container; raises `network-state-conflict` when it is not in the network."""
        found, member = await self._pair(call, network, container)
        if found.name not in member.networks:
            raise _conflict(found, member, state="not connected", action="disconnect")
        await self._engine.disconnect(found.id, container=member.id)
        await self._look_again(found, member)
        await self._note(call, "network.disconnect", found.id, container=member.id)

    async def _look_again(self, network: Network, container: Container) -> None:
        await self._view.refresh(network.id)
        await self._containers.refresh(container.id)

    async def _changeable(self, call: Call, network: str) -> Network:
        found = await self.get(call, network)
        NETWORKS.require_change(call, found.labels)
        return found

    async def _pair(self, call: Call, network: str, container: str) -> tuple[Network, Container]:
        """A network that the caller may use and a container that it may change."""
        found = await self.get(call, network)
        call.require(Permission.NETWORKS_WRITE)
        if found.name in _UNJOINABLE:
            raise _predefined(found.name)
        # Everybody's containers are in `bridge` unless something else is asked for.
        if not found.predefined:
            NETWORKS.require_change(call, found.labels)
        member = self._containers.find(container)
        if member is None and _REFERENCE.fullmatch(container):
            # One that no event has told of yet.
            member = await self._containers.refresh(container)
        if member is None or not CONTAINERS.sees(call, member.labels):
            details = {"container_id": container, "resource_type": "container"}
            raise CONTAINER_NOT_FOUND(container=container, details=details)
        CONTAINERS.require_change(call, member.labels)
        return found, member

    def _check_count(self, call: Call) -> None:
        if call.principal.may(Permission.NETWORKS_WRITE_ALL):
            return
        self._view.require_connected()
        own = [n for n in self._view.all() if n.labels.get(OWNER) == call.principal.user]
        if len(own) >= MAX_OWN:
            raise TOO_MANY_NETWORKS(limit=MAX_OWN, details={"limit": MAX_OWN, "resource_type": "network"})

    async def _note(self, call: Call, action: str, identifier: str, **details: Any) -> None:
        await self._audit.record(call, action, resource_type="network", resource_id=identifier, **details)


def _sees(call: Call, network: Network) -> bool:
    # The predefined ones are what every container can name when it is created.
    return network.predefined or NETWORKS.sees(call, network.labels)


def _predefined(name: str) -> Fault:
    return NETWORK_PREDEFINED(network=name, details={"network": name, "resource_type": "network"})


def _conflict(network: Network, container: Container, *, state: str, action: str) -> Fault:
    details = {
        "network": network.name,
        "container": container.name,
        "resource_type": "network",
        "state": state,
        "action": action,
    }
    return NETWORK_STATE_CONFLICT(
        container=container.name, network=network.name, state=state, action=action, details=details
    )

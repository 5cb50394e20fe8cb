"""The port for networks: what the features may ask of them, in the product's own nouns.

Every method may raise the faults `engine-unavailable` and `engine-refused`, and those named with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from eulermaker.kernel.faults import Entry, Kind, documented

#: The networks that every engine has; nobody can remove them.
PREDEFINED = frozenset({"bridge", "host", "none"})

NETWORK_NOT_FOUND = Entry(
    "network-not-found",
    Kind.NOT_FOUND,
    zh="网络 {network} 不存在，请检查编号或名称",
    en="There is no network {network}; check its id or name",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
NETWORK_IN_USE = Entry(
    "network-in-use",
    Kind.CONFLICT,
    zh="网络 {network} 正被容器使用（{containers}），请先断开这些容器",
    en="The network {network} is used by containers ({containers}); disconnect them first",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)
NETWORK_REFUSED = Entry(
    "network-refused",
    Kind.INVALID,
    zh="容器引擎拒绝了该网络操作：{reason}",
    en="The engine refused this: {reason}",
    answers={"000": documented(400, "INVALID_REQUEST")},
)
SUBNET_IN_USE = Entry(
    "subnet-in-use",
    Kind.CONFLICT,
    zh="子网与已有网络重叠，或没有可用的子网；请换一个 subnet，或删除不用的网络",
    en="The subnet overlaps with another network's, or none is left; choose another one or remove networks",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)

ENTRIES = (NETWORK_NOT_FOUND, NETWORK_IN_USE, NETWORK_REFUSED, SUBNET_IN_USE)


@dataclass(frozen=True, slots=True)
class Subnet:
    """A range of addresses (`10.1.0.0/24`) and the address of its gateway."""

    subnet: str
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a running container is in a network."""

    container: str
    address: str
    mac_address: str


@dataclass(frozen=True, slots=True)
class Network:
    """A network; its `endpoints` are known of one that was asked for, not of those in a list."""

    id: str
    name: str
    driver: str
    scope: str
    created_at: datetime | None
    internal: bool
    subnets: tuple[Subnet, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def predefined(self) -> bool:
        """Whether the engine itself made it."""
        return self.name in PREDEFINED


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """A bridge network to create; the engine chooses the subnet where none is given."""

    name: str
    subnet: Subnet | None
    internal: bool
    labels: Mapping[str, str]


class Networks(Protocol):
    """The networks of one engine. A reference is a name, an id or the start of an id."""

    async def list(self) -> Sequence[Network]:
        """All networks."""
        ...

    async def get(self, reference: str) -> Network | None:
        """One network; None when there is none."""
        ...

    async def create(self, new: NewNetwork) -> str:
        """Create a network; tells its id.

        Raises `name-in-use`, `subnet-in-use` and `network-refused`.
        """
        ...

    async def remove(self, reference: str) -> bool:
        """Remove it; False while containers use it. Raises `network-not-found`."""
        ...

    async def connect(self, reference: str, *, container: str, aliases: Sequence[str]) -> None:
        """Connect a container that is not in it; raises `network-not-found` and `network-refused`."""
        ...

    async def disconnect(self, reference: str, *, container: str) -> None:
        """Disconnect a container that is in it; raises `network-not-found` and `network-refused`."""
        ...

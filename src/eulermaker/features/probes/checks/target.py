"""What a check is aimed at: a container or a name, made into addresses that may be connected to."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from eulermaker.engines.containers import Container, Status
from eulermaker.features.probes.checks.addresses import Neighbours, Policy, Seen
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.run import Alarms
from eulermaker.features.probes.checks.verdict import failed, unknown
from eulermaker.features.probes.config import IpVersion, Reach
from eulermaker.kernel.ownership import OWNER, TENANT

MAX_ADDRESSES = 4
LOOPBACK = "127.0.0.1"
#: What the engine calls a port that is published on every address of its host.
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104


@dataclass(frozen=True, slots=True)
class Target:
    """What a probe watches, and what its owner may reach.

    `container` is the engine's id, None for a probe of the network alone. `sees_all` is for owners
    who may read all containers, `unconfined` for those whom the create policy does not bind: they
    may watch this host's loopback.
    """

    container: str | None
    owner: str = ""
    tenant: str = ""
    sees_all: bool = False
    unconfined: bool = False

    def sees(self, labels: Mapping[str, str]) -> bool:
        """Whether the owner may know of a container with these labels."""
        owner = labels.get(OWNER)
        if owner is not None and labels.get(TENANT) != self.tenant:
            return False
        return owner == self.owner or self.sees_all


class Place(NamedTuple):
    """Where to connect to."""

    address: str
    port: int


class Reaching:
    """What it takes to get from hosts to places: containers, names, and the policy.

    `published_host` is where the engine's host publishes ports, as seen from here.
    """

    def __init__(
        self,
        seen: Seen,
        names: Names,
        *,
        docker_host: str = "",
        allowed: Sequence[str] = (),
        refused: Sequence[str] = (),
    ) -> None:
        self.seen = seen
        self.names = names
        self.alarms = Alarms()
        self.policy = Policy(Neighbours(seen), allowed=allowed, refused=refused)
        remote = urlsplit(docker_host).hostname if docker_host.startswith("tcp://") else None
        self.published_host = remote or LOOPBACK
        #: Whether the engine is on another machine, where containers' own addresses lead nowhere.
        self.is_remote = remote is not None and not is_own(remote)

    def container(self, target: Target) -> Container:
        """The target's container; raises Trouble when it is gone or does not run."""
        found = self.seen.find(target.container) if target.container else None
        if found is None:
            if not self.seen.connected:
                raise unknown("engine unavailable")
            raise unknown("container not found")
        if found.status is Status.RESTARTING:
            # It ended by itself, and more than once: that is no pause that anybody asked for.
            raise failed("container restarts")
        if found.status is not Status.RUNNING:
            raise unknown("container not running", container_status=found.status.value)
        return found


class Aim:
    """One host and port of one target; its places are looked up anew for each check."""

    def __init__(
        self,
        reaching: Reaching,
        target: Target,
        *,
        host: str,
        port: int,
        reach: Reach = "auto",
        ip_version: IpVersion = None,
    ) -> None:
        self._reaching = reaching
        self._target = target
        self._host, self._port = host, port
        self._reach: Reach = reach
        self._version: IpVersion = ip_version
        self._literal = is_address(host)
        self._own = target.container is not None and is_own(host)
        #: The places while no container changes, and which state of them that is.
        self._known: Sequence[Place] | None = None
        self._known_of = -1

    def now(self, now: float) -> Sequence[Place] | None:
        """The places to try in turn, when that takes no waiting; raises Trouble when there are none."""
        version = self._reaching.seen.version
        if self._known is not None and self._known_of == version:
            return self._known
        if self._own:
            self._known = (self._in_container(self._reaching.container(self._target)),)
            self._known_of = version
            return self._known
        if self._literal:
            self._known = self._judged((self._host,))
            self._known_of = version
            return self._known
        known = self._reaching.names.known(self._host, self._version, now)
        return None if known is None else self._judged(known)

    async def places(self) -> Sequence[Place]:
        """The places to try in turn; at least one, or Trouble is raised."""
        return self._judged(await self._reaching.names.addresses(self._host, self._version))

    def _judged(self, addresses: Sequence[str]) -> Sequence[Place]:
        # All are judged, not the first that is tried: a name with one wrong address is not trusted.
        for address in addresses:
            refusal = self._reaching.policy.refusal(
                address, unconfined=self._target.unconfined, sees=self._target.sees
            )
            if refusal is not None:
                raise refusal
        return [Place(address, self._port) for address in addresses[:MAX_ADDRESSES]]

    def _in_container(self, container: Container) -> Place:
        home = self._network_owner(container)
        mode = home.config.network_mode if home.config is not None else ""
        if mode == "host":
            return Place(self._reaching.published_host, self._port)
        published = None if self._reach == "address" else self._published(home)
        if published is not None:
            return published
        if self._reach == "published":
            raise failed("port not published", port=self._port)
        address = self._address(home)
        if address is None:
            raise failed("container has no address")
        return Place(address, self._port)

    def _published(self, container: Container) -> Place | None:
        outside = [port for port in container.ports if port.host_port is not None and _is_tcp(port.container)]
        inside = {_number(port.container) for port in container.ports}
        outside_first = self._reach == "published" or self._reaching.is_remote
        for port in outside:
            # The number of a port that the container has itself means that one.
            if port.host_port == self._port and (outside_first or self._port not in inside):
                return Place(self._outside(port.host_ip), self._port)
        if outside_first:
            for port in outside:
                if _number(port.container) == self._port and port.host_port is not None:
                    return Place(self._outside(port.host_ip), port.host_port)
        return None

    def _outside(self, host_ip: str) -> str:
        return self._reaching.published_host if host_ip in _EVERY_ADDRESS else host_ip

    def _address(self, container: Container) -> str | None:
        wanted = [
            address
            for address in (container.ip_address, *container.addresses)
            if address and (self._version is None or (":" in address) == (self._version == 6))
        ]
        return wanted[0] if wanted else None

    def _network_owner(self, container: Container) -> Container:
        """The container whose network it uses: its own, but for `container:…`."""
        mode = container.config.network_mode if container.config is not None else ""
        other = self._reaching.seen.find(mode.removeprefix("container:")) if ":" in mode else None
        return other or container


def is_own(host: str) -> bool:
    """Whether a container means itself by that host."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether it is an address, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _number(port: str) -> int:
    return int(port.partition("/")[0])


def _is_tcp(port: str) -> bool:
    return port.endswith("/tcp")

"""Where a check may connect to: judged on the address itself, so that no name and no redirect gets around it.

Docs: decisions/0041.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from eulermaker.engines.containers import Container
from eulermaker.features.probes.checks.verdict import Trouble, failed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Where clouds tell machines their secrets, beside those that are link-local.
_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_NAT64 = tuple(ipaddress.ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")


class Seen(Protocol):
    """The containers, from memory; `version` changes whenever they do."""

    version: int

    @property
    def connected(self) -> bool:
        """Whether what is told is what the engine says now."""
        ...

    def find(self, reference: str) -> Container | None:
        """A container by its id."""
        ...

    def newest_first(self) -> Sequence[Container]:
        """All of them."""
        ...


class Neighbours:
    """Whose container has an address."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._version = -1
        self._labels: dict[str, Mapping[str, str]] = {}

    def labels_at(self, address: str) -> Mapping[str, str] | None:
        """The labels of the container with that address; None when none has it."""
        if self._version != self._seen.version:
            self._version = self._seen.version
            self._labels = {a: c.labels for c in self._seen.newest_first() for a in c.addresses}
        return self._labels.get(address)


class Policy:
    """Which addresses are open: `allowed` networks to everybody, `refused` ones to nobody."""

    def __init__(
        self, neighbours: Neighbours, *, allowed: Sequence[str] = (), refused: Sequence[str] = ()
    ) -> None:
        self._neighbours = neighbours
        self._allowed: tuple[Network, ...] = tuple(ipaddress.ip_network(network) for network in allowed)
        self._refused: tuple[Network, ...] = tuple(ipaddress.ip_network(network) for network in refused)

    def refusal(
        self, address: str, *, unconfined: bool, sees: Callable[[Mapping[str, str]], bool]
    ) -> Trouble | None:
        """Why there is no connecting to that address; None when there is.

        `unconfined` opens this host's loopback; `sees` tells by labels whose containers are known.
        """
        kind = kind_of(address)
        if _lies_in(address, self._refused):
            return failed("address refused", address=address, reason="closed by a setting")
        if kind is None or (kind == "loopback" and unconfined) or _lies_in(address, self._allowed):
            labels = self._neighbours.labels_at(address)
            if labels is None or sees(labels):
                return None
            kind = "somebody else's container"
        return failed("address refused", address=address, reason=kind)


def _lies_in(address: str, networks: Sequence[Network]) -> bool:
    if not networks:
        return False
    plain = _plain(ipaddress.ip_address(address))
    return any(plain in network for network in networks if network.version == plain.version)


@lru_cache(maxsize=16_384)
def kind_of(address: str) -> str | None:
    """What makes an address one that is not open by default; None for all others."""
    plain = _plain(ipaddress.ip_address(address))
    if plain in _METADATA:
        return "metadata"
    if plain.is_link_local:
        return "link-local"
    if plain.is_loopback:
        return "loopback"
    if plain.is_unspecified or plain in _THIS_NETWORK:
        return "unspecified"
    if plain.is_multicast:
        return "multicast"
    # Python calls all of IPv6 reserved that is not assigned yet, and some that is.
    if plain.version == 4 and plain.is_reserved:
        return "reserved"
    return None


def _plain(address: Address) -> Address:
    """The IPv4 address within an IPv6 one, where it holds one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    if inner is None and (
        any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 0xFFFF)
    ):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner if inner is not None else address

"""Which addresses the server connects to for its users: resolve, judge every answer, then connect.

Link-local addresses and those where clouds tell a machine its own credentials are refused, however
they are written: mapped, translated or tunnelled.
"""

import socket
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Literal

import anyio

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: What makes an address one that is not open to everybody.
Kind = Literal["metadata", "link-local", "loopback", "unspecified", "multicast", "reserved"]

#: Where clouds tell machines their secrets, beside those that are link-local.
_METADATA = frozenset(
    ip_address(address)
    for address in (
        "169.254.169.254",  # AWS, Azure, Google, OpenStack, Huawei
        "169.254.170.2",  # AWS ECS
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure's host
        "fd00:ec2::254",  # AWS over IPv6
        "fd20:ce::254",  # Google over IPv6
    )
)
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_REASONS: Mapping[Kind, str] = {
    "metadata": "this is a cloud's metadata address",
    "link-local": "link-local addresses are refused",
    "unspecified": "this address names no host",
    "multicast": "multicast and broadcast addresses are refused",
    "reserved": "multicast and broadcast addresses are refused",
}


class AddressRefused(Exception):
    """The server does not connect there; the text gives the address and the reason."""


class Unresolvable(Exception):
    """A name that has no address; the text is the resolver's reason."""


class AddressPolicy:
    """Decides about addresses: `refused` networks in addition to those that always are.

    What lies in `allowed` is let through whatever else is said about it.
    """

    def __init__(self, *, refused: Sequence[str] = (), allowed: Sequence[str] = ()) -> None:
        self._refused = tuple(ip_network(network) for network in refused)
        self._allowed = tuple(ip_network(network) for network in allowed)

    def refused(self, address: str | Address, *, loopback: bool) -> str | None:
        """Why the server does not connect to the address; None when it does.

        `loopback` opens this host's own services, which are not for everybody.
        """
        meant = _meant(_parsed(address))
        if lies_in(meant, self._allowed):
            return None
        reason = refused(meant)
        if reason is None and meant.is_loopback and not loopback:
            reason = "this host's own addresses are for administrators"
        if reason is None and lies_in(meant, self._refused):
            reason = "the administrator refuses this network"
        return reason

    async def resolve(self, host: str, port: int, *, loopback: bool) -> list[str]:
        """The addresses of the host, in the resolver's order, none of which is refused.

        One refused answer refuses the host: a name that has such an address is up to something.
        Raises AddressRefused and Unresolvable; the deadline is the caller's.
        """
        found = await resolve(host, port)
        for address in found:
            reason = self.refused(address, loopback=loopback)
            if reason is not None:
                raise AddressRefused(f"{address}: {reason}")
        return found


def refused(address: str | Address) -> str | None:
    """Why nobody's connection goes to the address; None when it may."""
    kind = kind_of(str(address))
    return None if kind is None else _REASONS.get(kind)


@lru_cache(maxsize=16_384)
def kind_of(address: str) -> Kind | None:
    """What makes an address one that is not open to everybody; None for all others."""
    meant = _meant(_parsed(address))
    if meant in _METADATA:
        return "metadata"
    if meant.is_link_local:
        return "link-local"
    if meant.is_loopback:
        return "loopback"
    if meant.is_unspecified or meant in _THIS_NETWORK:
        return "unspecified"
    if meant.is_multicast:
        return "multicast"
    # Python calls all of IPv6 reserved that is not assigned yet, and some that is.
    if meant.version == 4 and meant.is_reserved:
        return "reserved"
    return None


def lies_in(address: str | Address, networks: Sequence[Network]) -> bool:
    """Whether one of the networks has the address, however that is written."""
    if not networks:
        return False
    meant = _meant(_parsed(address))
    return any(meant in network for network in networks)


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of the host without repeats; raises Unresolvable. The deadline is the caller's."""
    try:
        answers = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise Unresolvable(f"{host}: {reason or error}") from error
    found = dict.fromkeys(str(answer[4][0]) for answer in answers)
    if not found:
        raise Unresolvable(f"{host}: no address")
    return list(found)


def _parsed(address: str | Address) -> Address:
    return ip_address(address.split("%")[0]) if isinstance(address, str) else address


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries inside, if it does; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(address.packed[-4:])
    if address in _COMPATIBLE and int(address) > 0xFFFF:
        return IPv4Address(address.packed[-4:])
    return address

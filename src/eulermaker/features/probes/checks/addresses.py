"""Where a check may connect to: judged on the address itself, so that no name and no redirect gets around it.

Docs: decisions/0021.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from eulermaker.engines.containers import Container
from eulermaker.features.probes.checks.verdict import Trouble, failed
from eulermaker.kernel.addresses import Network, kind_of, lies_in


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
        kind: str | None = kind_of(address)
        if lies_in(address, self._refused):
            return failed("address refused", address=address, reason="closed by a setting")
        if kind is None or (kind == "loopback" and unconfined) or lies_in(address, self._allowed):
            labels = self._neighbours.labels_at(address)
            if labels is None or sees(labels):
                return None
            kind = "somebody else's container"
        return failed("address refused", address=address, reason=kind)

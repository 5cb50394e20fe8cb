"""The networks in memory: what the engine tells late."""

from typing import cast

import pytest

from eulermaker.engines.containers import EngineEvent
from eulermaker.engines.networks import Network, Networks
from eulermaker.features.live.changes import Change
from eulermaker.features.networks.view import NetworkView
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.ownership import OWNER

pytestmark = pytest.mark.anyio


class LateTeller:
    """An engine that says of a network that it is gone before its event does."""

    def __init__(self, network: Network) -> None:
        self._network: Network | None = network

    async def list(self) -> list[Network]:
        """What there is."""
        return [] if self._network is None else [self._network]

    async def get(self, reference: str) -> Network | None:
        """What there is of that name."""
        return self._network

    def remove(self) -> None:
        """The network goes away; nothing tells of it yet."""
        self._network = None


async def test_whose_a_network_was_is_known_when_its_end_is_told_late() -> None:
    network = Network("id", "net", "bridge", "local", None, internal=False, labels={OWNER: "user_1"})
    engine = LateTeller(network)
    told: list[Change] = []
    view = NetworkView(cast(Networks, engine), told.append, clock=utc_now)
    await view.compare()
    engine.remove()
    assert await view.refresh(network.id) is None
    view.note(EngineEvent("network", "destroy", network.id, {"name": "net"}, 1))
    assert [(change.action, change.attributes[OWNER]) for change in told] == [("destroy", "user_1")]

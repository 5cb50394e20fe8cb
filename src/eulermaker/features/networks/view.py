"""The live view of the networks."""

import re
from collections.abc import Sequence
from dataclasses import replace

from eulermaker.engines.containers import EngineEvent
from eulermaker.engines.networks import Network, Networks
from eulermaker.features.live.changes import Kind
from eulermaker.features.live.mirror import LookingMirror, Publish
from eulermaker.kernel.clock import Clock

_REFERENCE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")


class NetworkView(LookingMirror[Network]):
    """The networks of one engine, answered from memory."""

    kind: Kind = "network"

    def __init__(self, engine: Networks, publish: Publish, *, clock: Clock) -> None:
        super().__init__(publish, clock=clock)
        self._engine = engine
        #: Events of networks whose owner is not known yet, since a look at them is on its way.
        self._untold: dict[str, list[EngineEvent]] = {}

    def all(self) -> Sequence[Network]:
        """All networks."""
        return list(self._things.values())

    def find(self, reference: str) -> Network | None:
        """The network by id, name, or unambiguous id prefix."""
        found = self._things.get(reference)
        if found is not None:
            return found
        named = [network for network in self._things.values() if network.name == reference]
        matches = named or [network for network in self._things.values() if network.id.startswith(reference)]
        return matches[0] if len(matches) == 1 else None

    async def look_for(self, reference: str) -> Network | None:
        """The network as `find`; one that no event has told of yet is asked for."""
        known = self.find(reference)
        if known is not None or not _REFERENCE.fullmatch(reference):
            # What can be no name is not asked for: in an address it might mean something else.
            return known
        seen = await self._engine.get(reference)
        return None if seen is None else await self.refresh(seen.id)

    def note(self, event: EngineEvent) -> None:
        """Take an event about a network."""
        if event.kind != "network" or not event.id:
            return
        self._untold.setdefault(event.id, []).append(event)
        if event.id in self._things or event.action == "destroy":
            self._tell_all(event.id)
        if event.action == "destroy":
            self._drop(event.id)
        else:
            self._look_at(event.id)

    async def _list(self) -> Sequence[Network]:
        return await self._engine.list()

    async def _ask(self, identifier: str) -> Network | None:
        seen = await self._engine.get(identifier)
        if seen is None:
            self._tell_all(identifier)
        return seen

    def _difference(self, known: Network, listed: Network) -> str | None:
        return None if replace(known, endpoints=()) == replace(listed, endpoints=()) else "update"

    def _lacks_details(self, known: Network) -> bool:
        # A list tells of no network who is in it.
        return True

    def _title(self, thing: Network) -> tuple[str, str]:
        return thing.name, ""

    def _added(self, thing: Network) -> None:
        self._tell_all(thing.id)

    def _tell_all(self, network: str) -> None:
        for event in self._untold.pop(network, ()):
            self._tell(event, network, name=event.attributes.get("name", ""))

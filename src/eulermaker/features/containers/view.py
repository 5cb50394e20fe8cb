"""The live view of the containers: found by every name they have, newest first, with bells to wait at."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import anyio

from eulermaker.engines.containers import Container, Containers, EngineEvent
from eulermaker.features.live.changes import Change, Kind
from eulermaker.features.live.mirror import LookingMirror, Publish
from eulermaker.kernel.clock import Clock

SHORT_ID = 12

#: Actions that change what the view shows; the rest (exec_…, top, archive-path) only makes noise.
ACTIONS = frozenset(
    {
        "create", "start", "restart", "stop", "die", "kill", "oom", "pause", "unpause", "rename", "update",
        "destroy", "health_status", "attach", "detach",
    }
)  # fmt: skip


class LiveView(LookingMirror[Container]):
    """The containers of one engine, answered from memory."""

    kind: Kind = "container"

    def __init__(self, engine: Containers, publish: Publish, *, clock: Clock) -> None:
        super().__init__(publish, clock=clock)
        self._engine = engine
        self._names: dict[str, str] = {}
        self._short: dict[str, str] = {}
        self._order: list[tuple[datetime, str]] = []
        self._newest_first: tuple[Container, ...] | None = ()
        self._bells: dict[str, anyio.Event] = {}

    def set_connected(self, *, connected: bool) -> None:
        """Begin or end to answer; whoever waits for a container is woken."""
        if connected == self._connected:
            return
        super().set_connected(connected=connected)
        bells, self._bells = self._bells, {}
        for bell in bells.values():
            bell.set()

    def newest_first(self) -> Sequence[Container]:
        """All containers."""
        if self._newest_first is None:
            self._newest_first = tuple(self._things[key[1]] for key in reversed(self._order))
        return self._newest_first

    def find(self, reference: str) -> Container | None:
        """The container by `container_<12 hex>`, id, unambiguous id prefix, or name."""
        plain = reference.removeprefix("container_")
        known = self._short.get(plain, plain)
        found = self._things.get(known) or self._things.get(self._names.get(reference, ""))
        if found is not None or not plain or not all(c in "0123456789abcdef" for c in plain):
            return found
        matches = [c for c in self._things if c.startswith(plain)]
        return self._things[matches[0]] if len(matches) == 1 else None

    def listen(self, container: str) -> anyio.Event:
        """An event that the container's next change sets; take it before looking, so that none is missed."""
        return self._bells.setdefault(container, anyio.Event())

    def assume(self, seen: Container, assumed: Container) -> None:
        """Show at once what an action of ours has made of a container, as it was `seen` before.

        Where the engine has told of another status meanwhile, nothing is assumed; what is assumed is
        looked after at once.
        """
        known = self._things.get(seen.id)
        if known is not None and known.status is seen.status:
            self._put(
                replace(
                    known,
                    status=assumed.status,
                    started_at=assumed.started_at,
                    finished_at=assumed.finished_at,
                )
            )
        self._look_at(seen.id)

    def forget(self, container: str) -> None:
        """Show at once that an action of ours has removed the container."""
        self._drop(container)

    def note(self, event: EngineEvent) -> None:
        """Take an event about a container, or about a network that one joins or leaves."""
        container = event.id if event.kind == "container" else event.attributes.get("container", "")
        action = event.action.partition(":")[0]
        if not container or (event.kind == "container" and action not in ACTIONS):
            return
        if event.kind == "container":
            told = event.attributes
            self._tell(event, container, name=told.get("name", ""), image=told.get("image", ""))
        if action == "destroy":
            self._drop(container)
        else:
            self._look_at(container)

    async def _list(self) -> Sequence[Container]:
        return await self._engine.list()

    async def _ask(self, identifier: str) -> Container | None:
        return await self._engine.get(identifier)

    def _difference(self, known: Container, listed: Container) -> str | None:
        differs = (known.status, known.name) != (listed.status, listed.name)
        return listed.status.value if differs else None

    def _lacks_details(self, known: Container) -> bool:
        return known.config is None

    def _title(self, thing: Container) -> tuple[str, str]:
        return thing.name, thing.image

    def _is_true(self, change: Change) -> bool:
        known = self._things.get(change.subject)
        if known is None or change.action == "destroy":
            return known is None and change.action == "destroy"
        return change.action in ("create", known.status.value)

    def _added(self, thing: Container) -> None:
        self._short[thing.id[:SHORT_ID]] = thing.id
        insort(self._order, (thing.created_at, thing.id))
        self._names[thing.name] = thing.id

    def _replaced(self, known: Container, thing: Container) -> None:
        if (known.created_at, known.name) != (thing.created_at, thing.name):
            self._leave_order(known)
            insort(self._order, (thing.created_at, thing.id))
            self._leave_name(known)
        self._names[thing.name] = thing.id

    def _removed(self, known: Container) -> None:
        self._short.pop(known.id[:SHORT_ID], None)
        self._leave_order(known)
        self._leave_name(known)

    def _changed(self, identifier: str) -> None:
        self._newest_first = None
        if bell := self._bells.pop(identifier, None):
            bell.set()

    def _leave_order(self, known: Container) -> None:
        del self._order[bisect_left(self._order, (known.created_at, known.id))]

    def _leave_name(self, known: Container) -> None:
        if self._names.get(known.name) == known.id:
            del self._names[known.name]

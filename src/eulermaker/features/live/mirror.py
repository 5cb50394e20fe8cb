"""The things of one kind on an engine, answered from memory.

An event is only ever a hint to look again; what is believed is what the engine then says.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

import anyio
import structlog

from eulermaker.engines.containers import EngineEvent
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.features.live.changes import Change, Kind
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.live")

#: One action tells several events, and its answer comes last: a moment later one look sees all of it,
#: and is in nobody's way. A thing that changes all the time is looked at no more often.
GATHER_SECONDS = 0.01
#: A look may find a thing gone before its event says so; of so many it is still known whose they were.
KEPT_GONE = 1000

Publish = Callable[[Change], None]


class Thing(Protocol):
    """What every kind has."""

    @property
    def id(self) -> str:
        """The engine's id."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels, the owner's among them."""
        ...


ThingT = TypeVar("ThingT", bound=Thing)


class Mirror(ABC, Generic[ThingT]):
    """The things of one kind. What is not told here is told by the kind's own class."""

    kind: Kind

    def __init__(self, publish: Publish, *, clock: Clock) -> None:
        self._publish = publish
        self._clock = clock
        self._things: dict[str, ThingT] = {}
        self._gone: dict[str, Mapping[str, str]] = {}
        #: What has to be looked at, and since when; the oldest first.
        self._dirty: dict[str, float] = {}
        self._work = anyio.Event()
        self._looks = _Looks()
        self._compared = False
        #: What comparisons showed and no event has told, by thing, and since when.
        self._unexplained: dict[str, tuple[float, Change]] = {}
        self._connected = False
        #: Changes with every change; what was made from the mirror is true while it stays.
        self.version = 0

    @property
    def connected(self) -> bool:
        """Whether the mirror follows the engine now."""
        return self._connected

    def require_connected(self) -> None:
        """Raise `engine-unavailable` while the mirror does not follow the engine."""
        if not self._connected:
            raise ENGINE_UNAVAILABLE()

    @property
    def compared(self) -> bool:
        """Whether the engine has ever listed these things."""
        return self._compared

    def set_connected(self, *, connected: bool) -> None:
        """Begin or end to answer."""
        self._connected = connected

    def known(self) -> int:
        """How many things there are."""
        return len(self._things)

    @abstractmethod
    def note(self, event: EngineEvent) -> None:
        """Take an event of any kind for what it says of the things here."""

    @abstractmethod
    async def inspect(self) -> None:
        """Look at what events were about, for as long as the engine is followed."""

    @abstractmethod
    async def compare(self) -> None:
        """Compare with the engine's list: what differs is told unless events tell it."""

    def settled(self, *, after: float) -> Sequence[Change]:
        """What comparisons found out `after` seconds ago, is still true and was told by no event."""
        now = anyio.current_time()
        due = {one: found for one, (since, found) in self._unexplained.items() if now - since >= after}
        for identifier in due:
            del self._unexplained[identifier]
        return [change for change in due.values() if self._is_true(change)]

    @abstractmethod
    def _title(self, thing: ThingT) -> tuple[str, str]:
        """The name and the image with which a change of the thing is told."""

    def _is_true(self, change: Change) -> bool:
        """Whether what a comparison found out is still so."""
        return (change.subject in self._things) == (change.action != "destroy")

    def _added(self, thing: ThingT) -> None:
        """A thing became known."""

    def _replaced(self, known: ThingT, thing: ThingT) -> None:
        """A thing is described anew."""

    def _removed(self, known: ThingT) -> None:
        """A thing is gone."""

    def _changed(self, identifier: str) -> None:
        """Whoever waits for the thing may want to know."""

    def _tell(self, event: EngineEvent, identifier: str, *, name: str, image: str = "") -> None:
        self._unexplained.pop(identifier, None)
        known = self._things.get(identifier)
        labels = known.labels if known is not None else self._gone.get(identifier, {})
        # The engine tells a container's labels with each event, and a network's never.
        attributes = {**labels, **event.attributes}
        self._publish(Change(event.action, identifier, name, image, event.at_ns, attributes, kind=self.kind))

    def _look_at(self, identifier: str) -> None:
        self._dirty.setdefault(identifier, anyio.current_time())
        work, self._work = self._work, anyio.Event()
        work.set()

    def _put(self, thing: ThingT) -> None:
        known = self._things.get(thing.id)
        self._looks.settle(thing.id)
        if known == thing:
            return
        self._things[thing.id] = thing
        if known is None:
            self._added(thing)
        else:
            self._replaced(known, thing)
        self.version += 1
        self._changed(thing.id)

    def _drop(self, identifier: str) -> None:
        self._dirty.pop(identifier, None)
        self._looks.settle(identifier)
        known = self._things.pop(identifier, None)
        if known is not None:
            self._remember(known)
            self._removed(known)
            self.version += 1
            self._changed(identifier)

    def _remember(self, gone: ThingT) -> None:
        self._gone[gone.id] = gone.labels
        if len(self._gone) > KEPT_GONE:
            del self._gone[next(iter(self._gone))]

    def _compared_with(self, found: Mapping[str, Change]) -> None:
        # The first comparison of all tells of no change.
        if self._compared:
            now = anyio.current_time()
            self._unexplained |= {identifier: (now, change) for identifier, change in found.items()}
        self._compared = True

    def _found_out(self, action: str, thing: ThingT) -> Change:
        name, image = self._title(thing)
        now_ns = int(self._clock().timestamp() * 1e9)
        labels = dict(thing.labels)
        return Change(action, thing.id, name, image, now_ns, labels, origin="resync", kind=self.kind)


class LookingMirror(Mirror[ThingT]):
    """A mirror whose things are looked at one by one, when something tells that they changed."""

    async def refresh(self, identifier: str) -> ThingT | None:
        """Look at a thing again, now."""
        with self._looks.one(identifier) as look:
            seen = await self._ask(identifier)
            if look.overtaken:
                # Something newer is known than what this look may have seen: only a later one can tell.
                self._look_at(identifier)
                return self._things.get(identifier)
        if seen is None:
            self._drop(identifier)
        else:
            self._put(seen)
        return seen

    async def inspect(self) -> None:
        """Look at what events were about, for as long as the engine is followed."""
        while True:
            work = self._work
            while self._dirty:
                identifier, since = next(iter(self._dirty.items()))
                if (early := since + GATHER_SECONDS - anyio.current_time()) > 0:
                    await anyio.sleep(early)
                    continue
                # Taken out before looking: an event that comes meanwhile asks for another look.
                del self._dirty[identifier]
                try:
                    await self.refresh(identifier)
                except Fault as fault:
                    if fault.entry is not ENGINE_REFUSED:
                        raise
                    # The engine cannot describe this one now; the next event or comparison asks again.
                    log.warning("live.refused", kind=self.kind, id=identifier)
            await work.wait()

    async def compare(self) -> None:
        """Compare with the engine's list: what differs is looked at, and told unless events tell it."""
        listed = {thing.id: thing for thing in await self._list()}
        found: dict[str, Change] = {}
        for gone in self._things.keys() - listed.keys():
            # Gone, or younger than the list: a look tells.
            self._look_at(gone)
            found[gone] = self._found_out("destroy", self._things[gone])
        for thing in listed.values():
            known = self._things.get(thing.id)
            if thing.id in self._dirty or self._looks.under_way(thing.id):
                continue
            if known is None:
                self._put(thing)
                found[thing.id] = self._found_out("create", thing)
            elif (difference := self._difference(known, thing)) is not None:
                found[thing.id] = self._found_out(difference, thing)
            if thing.id in found or (known is not None and self._lacks_details(known)):
                self._look_at(thing.id)
        self._compared_with(found)

    @abstractmethod
    async def _list(self) -> Sequence[ThingT]:
        """What the engine lists."""

    @abstractmethod
    async def _ask(self, identifier: str) -> ThingT | None:
        """What the engine says of one thing."""

    @abstractmethod
    def _difference(self, known: ThingT, listed: ThingT) -> str | None:
        """What a list tells of a thing that is known otherwise; None where it agrees."""

    @abstractmethod
    def _lacks_details(self, known: ThingT) -> bool:
        """Whether only a list has told of the thing so far."""


AnyMirror = Mirror[Any]


class _Look:
    """One question to the engine about a thing that is under way."""

    def __init__(self) -> None:
        #: Whether something newer than the question has become known.
        self.overtaken = False


class _Looks:
    """The questions under way, so that an answer never replaces what is newer than its question."""

    def __init__(self) -> None:
        self._open: dict[str, list[_Look]] = {}

    @contextmanager
    def one(self, identifier: str) -> Iterator[_Look]:
        """A block in which the engine is asked about the thing."""
        look = _Look()
        looks = self._open.setdefault(identifier, [])
        looks.append(look)
        try:
            yield look
        finally:
            looks.remove(look)
            if not looks:
                del self._open[identifier]

    def under_way(self, identifier: str) -> bool:
        """Whether the engine is being asked about the thing now."""
        return identifier in self._open

    def settle(self, identifier: str) -> None:
        """Something became known about the thing: the questions under way may be older."""
        for look in self._open.get(identifier, ()):
            look.overtaken = True

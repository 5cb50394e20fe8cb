"""The builds' records: transactions that tell, once they are committed, that something changed."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio

from eulermaker.features.builds.store import BuildStore
from eulermaker.kernel.database import Database
from eulermaker.kernel.singleflight import SingleFlight

T = TypeVar("T")

MAX_PAGES = 1024


class Ledger:
    """Opens the build store; what was read through `pages` is forgotten with every write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.pages = Pages(enabled=database.sole_writer)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[BuildStore]:
        """A store to read from."""
        async with self._database.read() as connection:
            yield BuildStore(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[BuildStore]:
        """A store inside one transaction."""
        try:
            async with self._database.write() as connection:
                yield BuildStore(connection)
        finally:
            # A commit that failed may still have happened.
            self.pages.forget()


class Pages:
    """Lists as they were read last: answered from memory until a build changes.

    Only where no other process can write to the database; elsewhere each is read anew, but once for
    all who ask for it at the same moment.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._reading = SingleFlight[Any]()
        self._generation = 0

    def forget(self) -> None:
        """Something changed."""
        self._kept.clear()
        self._generation += 1

    async def recall(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` told last under that key, if it is still true, else what it tells now."""
        if key in self._kept:
            kept: T = self._kept[key]
            return kept
        generation = self._generation
        # Who asks after a change must not be answered by a look from before it.
        found: T = await self._reading.ask((generation, key), read)
        if self._enabled and generation == self._generation:
            self._kept[key] = found
            if len(self._kept) > MAX_PAGES:
                self._kept.popitem(last=False)
        return found


class Bells:
    """One bell per build, rung when its log grows or its state changes."""

    def __init__(self) -> None:
        self._events: dict[str, anyio.Event] = {}

    def listen(self, build: str) -> anyio.Event:
        """An event that is set by the next ring; take it before looking, so that none is missed."""
        return self._events.setdefault(build, anyio.Event())

    def ring(self, build: str) -> None:
        """Wake everybody who listens to the build."""
        if event := self._events.pop(build, None):
            event.set()

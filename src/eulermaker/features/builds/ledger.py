"""The builds' records: transactions that tell, once they are committed, that something changed."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

import anyio

from eulermaker.features.builds.store import BuildStore
from eulermaker.kernel.database import Database

MAX_PAGES = 512


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
        async with self._database.write() as connection:
            yield BuildStore(connection)
        self.pages.forget()


class Pages:
    """Lists as they were written last: answered from memory until a build changes.

    Only where no other process can write to the database.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._pages: OrderedDict[Hashable, bytes] = OrderedDict()
        self.generation = 0

    def forget(self) -> None:
        """Something changed."""
        self._pages.clear()
        self.generation += 1

    def recall(self, key: Hashable) -> bytes | None:
        """The page, if it is still true."""
        return self._pages.get(key)

    def keep(self, key: Hashable, page: bytes, *, read_at: int) -> None:
        """Keep a page that was read at a generation, unless something changed since."""
        if not self._enabled or read_at != self.generation:
            return
        self._pages[key] = page
        if len(self._pages) > MAX_PAGES:
            self._pages.popitem(last=False)


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

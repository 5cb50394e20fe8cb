"""The builds' records: transactions that tell the lists, once they are committed, what changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from eulermaker.features.builds.shown import Lists
from eulermaker.features.builds.store import BuildStore
from eulermaker.kernel.database import Database


class Ledger:
    """Opens the build store; `lists` knows of every write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.lists = Lists(self.read, keep=database.sole_writer)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[BuildStore]:
        """A store to read from."""
        async with self._database.read() as connection:
            yield BuildStore(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[BuildStore]:
        """A store inside one transaction."""
        touched: set[str] = set()
        try:
            async with self._database.write() as connection:
                store = BuildStore(connection)
                touched = store.touched
                yield store
        finally:
            # A commit that failed may still have happened.
            self.lists.changed(touched)


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

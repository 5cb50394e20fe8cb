"""Which share of the probes is this process' to check: leases in the database, renewed again and again."""

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from eulermaker.features.probes.rules import to_claim, to_release
from eulermaker.features.probes.store import Shard, ShareStore
from eulermaker.kernel.database import Database

#: How long nobody takes over from a process that says nothing any more.
LEASE_SECONDS = 6.0
LOOK_SECONDS = 2.0
#: A process stops so much before its lease ends, by its own clock.
MARGIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the shares has shown."""

    #: What this process holds now, what it has newly got among it.
    held: Sequence[Shard]
    gained: frozenset[int]
    lost: frozenset[int]
    #: More than its part: to be let go once nothing of it is under way.
    surplus: Sequence[int]


class Shares:
    """The leases of one process."""

    def __init__(self, database: Database, *, holder: str) -> None:
        self._database = database
        self._holder = holder
        self._held: frozenset[int] = frozenset()
        self._valid_until = 0.0
        # Nobody else can work on a database that only one process opens.
        self._alone = database.sole_writer

    @property
    def valid(self) -> bool:
        """Whether what this process holds is certainly nobody else's."""
        return self._alone or anyio.current_time() < self._valid_until

    async def look(self) -> Look:
        """Renew the leases, take what is free; raises `database-unavailable`."""
        started = anyio.current_time()
        async with self._database.write() as connection:
            store = ShareStore(connection)
            workers = await store.greet(self._holder, seconds=LEASE_SECONDS)
            await store.lock()
            await store.renew(self._holder, seconds=LEASE_SECONDS)
            shards = await store.all()
            if self._alone:
                workers = 1
            mine = {shard.shard: shard for shard in shards if shard.holder == self._holder}
            free = {s.shard: s for s in shards if (self._alone or not s.held) and s.shard not in mine}
            for number in to_claim(sorted(mine), free, workers):
                if await store.claim(number, self._holder, seconds=LEASE_SECONDS, force=self._alone):
                    mine[number] = free[number]
        self._valid_until = started + LEASE_SECONDS - MARGIN_SECONDS
        before, self._held = self._held, frozenset(mine)
        return Look(
            held=tuple(mine.values()),
            gained=self._held - before,
            lost=before - self._held,
            surplus=to_release(sorted(mine), workers),
        )

    async def release(self, shards: Sequence[int], *, done_until: int) -> None:
        """Let go of shards, of which nothing is under way any more."""
        async with self._database.write() as connection:
            store = ShareStore(connection)
            await store.lock()
            await store.release(shards, self._holder, done_until=done_until)
        self._held -= frozenset(shards)

    async def leave(self, *, done_until: int) -> None:
        """Let go of everything: the others need not wait for the lease's end."""
        async with self._database.write() as connection:
            store = ShareStore(connection)
            await store.lock()
            await store.release(self._held, self._holder, done_until=done_until)
            await store.leave(self._holder)
        self._held = frozenset()

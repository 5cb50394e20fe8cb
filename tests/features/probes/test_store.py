"""Leases, batches and results in the database: of both kinds."""

import json
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.history import History, Range
from eulermaker.features.probes.keeper import Keeper
from eulermaker.features.probes.packing import HOUR_MS, Result, entry
from eulermaker.features.probes.rules import SHARDS, shard_of
from eulermaker.features.probes.store import Filter, Probe, ProbeStore, ResultStore, Scope, ShareStore
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.paging import Page
from eulermaker.kernel.settings import Probes as Limits
from tests.features.probes.test_feed import probe

pytestmark = pytest.mark.anyio
HOUR = 498_600
OK = '{"status_code":200}'


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


async def added(database: Database, number: int = 1, **values: object) -> Probe:
    """A stored probe."""
    async with database.write() as connection:
        return await ProbeStore(connection).add(replace(probe(number), **values), shard_of=shard_of)  # type: ignore[arg-type]


async def journalled(database: Database, stored: Probe, results: list[Result]) -> None:
    """Put results of a probe into the journal, a few in a row."""
    async with database.write() as connection:
        for i in range(0, len(results), 7):
            data = b"".join(entry(stored.number, one) for one in results[i : i + 7])
            await ResultStore(connection).append("worker_1", {stored.shard: data})


def some(count: int, *, start: int, step: int = 30_000) -> list[Result]:
    """Results one after the other, every fifth of them a failure."""
    return [
        Result(start + k * step, Status.FAILURE if k % 5 == 4 else Status.SUCCESS, 100 + k, OK)
        for k in range(count)
    ]


async def test_a_shard_has_one_holder_until_its_lease_ends(database: Database) -> None:
    async with database.write() as connection:
        shares = ShareStore(connection)
        assert await shares.greet("worker_1", seconds=60) == 1
        assert await shares.greet("worker_2", seconds=60) == 2
        assert await shares.claim(3, "worker_1", seconds=60, force=False)
        assert not await shares.claim(3, "worker_2", seconds=60, force=False)
        assert await shares.held_by("worker_1") == {3}
        # The lease of one that is dead has ended.
        assert await shares.claim(4, "worker_1", seconds=-1, force=False)
        assert await shares.claim(4, "worker_2", seconds=60, force=False)
        assert await shares.held_by("worker_1") == {3}
        await shares.renew("worker_1", seconds=60)
        found = {shard.shard: shard for shard in await shares.all()}
        assert len(found) == SHARDS
        assert (found[3].holder, found[3].held) == ("worker_1", True)
        assert found[4].holder == "worker_2"
        await shares.release([3], "worker_1", done_until=17)
        assert [(s.held, s.done_until) for s in await shares.all() if s.shard == 3] == [(False, 17)]
        await shares.leave("worker_2")
        assert await shares.greet("worker_1", seconds=60) == 1


async def test_a_batch_is_known_when_it_comes_again(database: Database) -> None:
    async with database.write() as connection:
        shares = ShareStore(connection)
        await shares.greet("worker_1", seconds=60)
        assert [await shares.begin_batch("worker_1", number) for number in (1, 1, 2, 1)] == [
            True, False, True, False,
        ]  # fmt: skip


async def test_a_holder_learns_of_changes_by_their_revision(database: Database) -> None:
    one = await added(database, 1)
    async with database.write() as connection:
        store = ProbeStore(connection)
        assert await store.changed_since(one.shard, 0) == [one]
        assert await store.changed_since(one.shard, one.revision) == []
        assert await store.change(one, name="another")
        [changed] = await store.changed_since(one.shard, one.revision)
        assert (changed.name, changed.revision) == ("another", one.revision + 1)
        assert await store.change(one, deleted_at=datetime.now(UTC))
        assert not await store.change(one, name="too late")
        assert (await store.changed_since(one.shard, changed.revision))[0].deleted_at is not None


async def test_lists_by_labels_that_look_like_paths(database: Database) -> None:
    await added(database, 1, labels={"a.b": "1", "团队": "店"})
    await added(database, 2, labels={"a": "1"})
    everybody = Scope("tenant_default", None)
    async with database.read() as connection:
        store = ProbeStore(connection)
        for labels, expected in (
            ((("a.b", "1"),), ["probe_000000000001"]),
            ((("团队", "店"),), ["probe_000000000001"]),
            ((("a", None),), ["probe_000000000002"]),
            ((("a", "2"),), []),
        ):
            found = await store.page(everybody, Filter(labels=labels), Page())
            assert [one.id for one in found] == expected
        assert await store.page(Scope("tenant_default", "user_2"), Filter(), Page()) == []


async def test_results_are_the_same_before_and_after_sorting(database: Database) -> None:
    stored = await added(database)
    results = some(300, start=HOUR * HOUR_MS + 5 * 60_000)
    await journalled(database, stored, results[:180])
    before = await read(database, stored)
    await sort(database, stored)
    stored = await again(database, stored)
    assert await read(database, stored) == before
    assert (stored.checks, stored.succeeded, stored.failed) == (180, 144, 36)
    await journalled(database, stored, results[180:])
    half = await read(database, stored)
    await sort(database, stored)
    stored = await again(database, stored)
    assert await read(database, stored) == half
    assert half[0] == [one.at for one in reversed(results)]
    async with database.read() as connection:
        history = History(ResultStore(connection), stored)
        wanted = Range(start=results[10].at, end=results[290].at, status=Status.FAILURE)
        page, more = await history.page(wanted, limit=1000, before=None)
        assert not more
        assert [one.at for one in page[::-1]] == [r.at for r in results[10:290] if r.status is Status.FAILURE]
        assert await history.count(wanted) == len(page)
        bins, _ = await history.bins(Range(), by_hour=True, limit=100, before=None)
        assert sum(one.checks for one in bins) == 300
        async with database.read() as other:
            assert (await ResultStore(other).journal(stored.shard))[0] == []


async def test_results_grow_less_with_age(database: Database) -> None:
    stored = await added(database)
    await journalled(database, stored, some(120, start=HOUR * HOUR_MS))
    await sort(database, stored)

    async def at(days: float) -> tuple[int, int, int]:
        now = datetime.fromtimestamp(HOUR * 3600, UTC) + timedelta(days=days, hours=1)
        keeper = Keeper(database, holder="worker_1", limits=Limits(), clock=lambda: now)
        await keeper.sweep(stored.shard)
        async with database.read() as connection:
            history = History(ResultStore(connection), stored)
            raw = await history.count(Range())
            minutes, _ = await history.bins(Range(), by_hour=False, limit=1000, before=None)
            hours, _ = await history.bins(Range(), by_hour=True, limit=1000, before=None)
        return raw, sum(one.checks for one in minutes), sum(one.checks for one in hours)

    assert await at(6) == (120, 120, 120)
    assert await at(8) == (0, 120, 120)
    assert await at(31) == (0, 0, 120)
    assert await at(401) == (0, 0, 0)


async def test_of_a_deleted_probe_nothing_is_left(database: Database) -> None:
    stored = await added(database)
    await journalled(database, stored, some(20, start=HOUR * HOUR_MS))
    await sort(database, stored)
    async with database.write() as connection:
        await ProbeStore(connection).change(stored, deleted_at=datetime.now(UTC))
    keeper = Keeper(database, holder="worker_1", limits=Limits(), clock=lambda: datetime.now(UTC))
    await keeper.bury()
    async with database.read() as connection:
        assert await ProbeStore(connection).deleted(limit=10) == []
        assert await ResultStore(connection).oldest(stored.number) is None


async def sort(database: Database, stored: Probe) -> None:
    """Sort the probe's shard as the process that holds it."""
    async with database.write() as connection:
        await ShareStore(connection).claim(stored.shard, "worker_1", seconds=60, force=True)
    await Keeper(database, holder="worker_1", limits=Limits(), clock=lambda: datetime.now(UTC)).sort(
        stored.shard
    )


async def again(database: Database, stored: Probe) -> Probe:
    """The probe as it is stored now."""
    async with database.read() as connection:
        found = await ProbeStore(connection).get(stored.id)
    assert found is not None
    assert len(fields(found)) == len(fields(stored))
    return found


async def read(database: Database, stored: Probe) -> tuple[list[int], int, int, str]:
    """What is told of a probe: the times of its results, newest first, their number, and statistics."""
    async with database.read() as connection:
        history = History(ResultStore(connection), stored)
        times: list[int] = []
        before = None
        more = True
        while more:
            page, more = await history.page(Range(), limit=37, before=before)
            times += [one.at for one in page]
            before = times[-1] if times else None
        statistics = await history.statistics((HOUR + 4) * HOUR_MS)
        return (
            times,
            await history.count(Range()),
            statistics.total_checks,
            json.dumps(statistics.response_time.model_dump()),
        )


async def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(
    database: Database, database_kind: str
) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite lets one write at a time")  # the run with --database postgresql has it
    have_one = [anyio.Event(), anyio.Event()]
    slugs: list[str] = []

    async def renew(first: int, second: int) -> None:
        try:
            async with database.write() as connection:
                store = ShareStore(connection)
                await store.claim(first, "worker_1", seconds=60, force=True)
                have_one[first].set()
                await have_one[second].wait()
                await store.claim(second, "worker_1", seconds=60, force=True)
        except Fault as fault:
            slugs.append(fault.entry.slug)

    async with anyio.create_task_group() as group:
        group.start_soon(renew, 0, 1)
        group.start_soon(renew, 1, 0)
    assert slugs == ["database-unavailable"]
    async with database.read() as connection:
        assert await ShareStore(connection).held_by("worker_1") == {0, 1}

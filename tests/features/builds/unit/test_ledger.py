"""The builds' records, and who is woken when they change."""

from datetime import timedelta

import anyio
import pytest

from eulermaker.features.builds.artifacts import Artifact
from eulermaker.features.builds.ledger import Bells, Ledger
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.store import Filter, Scope
from eulermaker.kernel.paging import Page
from tests.features.builds.unit.records import EVERYTHING, NOW, add, build


@pytest.mark.anyio
async def test_a_build_is_read_as_it_was_stored(ledger: Ledger) -> None:
    stored = build()
    await add(ledger, stored)
    async with ledger.read() as store:
        assert await store.get(stored.id) == stored
        assert await store.visible(stored.id, EVERYTHING) == stored
        assert await store.visible(stored.id, Scope("tenant", "bo")) is None
        assert await store.visible(stored.id, Scope("elsewhere", None)) is None
        assert await store.get("build_000000000000") is None


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [1, 3, 7, 200])
async def test_the_pages_together_are_the_list_newest_first(limit: int, ledger: Ledger) -> None:
    # Two at each moment, so that the order needs more than the time.
    stored = [build(minutes=n // 2) for n in range(14)]
    await add(ledger, *stored)
    found: list[str] = []
    async with ledger.read() as store:
        for offset in range(0, 14, limit):
            rows, total = await store.page(EVERYTHING, Filter(), Page(limit=limit, offset=offset))
            found += [row["id"] for row in rows]
            assert total == 14
        assert await store.page(EVERYTHING, Filter(), Page(limit=limit, offset=14)) == ([], 14)
        assert await store.page(Scope("tenant", "bo"), Filter(), Page(limit=limit)) == ([], 0)
    assert found == [one.id for one in sorted(stored, key=lambda one: (one.created_at, one.id), reverse=True)]


@pytest.mark.anyio
async def test_filters_take_names_as_they_are(ledger: Ledger) -> None:
    names = ["50%", "a_b", "axb", "a\\b", "构建"]
    await add(ledger, *(build(name=name) for name in names), build(name="done", state=State.SUCCESS))

    async def found(wanted: Filter) -> set[str]:
        async with ledger.read() as store:
            rows, total = await store.page(EVERYTHING, wanted, Page(limit=200))
            assert total == len(rows)
        return {row["name"] for row in rows}

    assert await found(Filter(name="%")) == {"50%"}
    assert await found(Filter(name="a_b")) == {"a_b"}
    assert await found(Filter(name="\\")) == {"a\\b"}
    assert await found(Filter(name="构")) == {"构建"}
    assert await found(Filter(state=State.SUCCESS)) == {"done"}
    assert await found(Filter(state=State.SUCCESS, name="a")) == set()


@pytest.mark.anyio
async def test_a_change_needs_the_expected_state(ledger: Ledger) -> None:
    stored = build()
    await add(ledger, stored)
    async with ledger.write() as store:
        assert await store.enqueue(stored.id, now=NOW)
        assert not await store.enqueue(stored.id, now=NOW)
        assert not await store.change(stored.id, expected=[State.RUNNING], state=State.FAILED)
        assert await store.change(stored.id, expected=[State.PENDING], state=State.RUNNING, started_at=NOW)
    async with ledger.read() as store:
        assert await store.count_by_state() == {"running": 1}


@pytest.mark.anyio
async def test_of_many_who_claim_a_build_one_gets_it(ledger: Ledger) -> None:
    stored = build()
    await add(ledger, stored)
    claims: list[bool] = []

    async def claim() -> None:
        async with ledger.write() as store:
            claims.append(await store.change(stored.id, expected=[State.PENDING], state=State.RUNNING))

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(claim)
    assert sorted(claims) == [False] * 11 + [True]


@pytest.mark.anyio
async def test_the_queue_comes_with_the_last_turn_of_each_who_waits(ledger: Ledger) -> None:
    waiting = [build(owner="ann"), build(owner="ann"), build(owner="bo")]
    served = [build(owner="ann"), build(owner="ann"), build(owner="cy")]
    await add(ledger, *waiting, *served, build(owner="ann"))
    async with ledger.write() as store:
        for one in waiting:
            assert await store.enqueue(one.id, now=NOW)
        for minutes, one in enumerate(served):
            started = NOW + timedelta(minutes=minutes)
            await store.change(one.id, expected=[State.PENDING], state=State.SUCCESS, started_at=started)
        queue, last_served = await store.waiting("node_1")
        assert await store.waiting("node_2") == ([], {})
    assert {(one.id, one.owner, one.queued_at) for one in queue} == {
        (one.id, one.owner_id, NOW) for one in waiting
    }
    assert last_served == {"ann": NOW + timedelta(minutes=1)}


@pytest.mark.anyio
async def test_artifacts_are_replaced_and_go_with_their_build(ledger: Ledger) -> None:
    stored = build()
    await add(ledger, stored)
    first = [Artifact("b.rpm", "/output/b.rpm", 2**33, "0" * 64, {"name": "b"})]
    second = [Artifact(name, f"/output/{name}", 1, "1" * 64, None) for name in ("a", "c")]
    async with ledger.write() as store:
        await store.set_artifacts(stored.id, first)
        assert await store.artifacts_of(stored.id) == first
        await store.set_artifacts(stored.id, second)
        assert await store.artifacts_of(stored.id) == second
        await store.remove(stored.id)
        assert await store.artifacts_of(stored.id) == []
        assert await store.ids_of("node_1") == set()


@pytest.mark.anyio
async def test_a_bell_wakes_everybody_who_listens_to_it() -> None:
    bells = Bells()
    one, same, other = bells.listen("a"), bells.listen("a"), bells.listen("b")
    bells.ring("a")
    assert one.is_set()
    assert same.is_set()
    assert not other.is_set()
    assert not bells.listen("a").is_set()
    bells.ring("nobody listens")

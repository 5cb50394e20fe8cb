"""What is remembered of the builds' records, and who is woken when they change."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import pytest

from eulermaker.features.builds.artifacts import Artifact
from eulermaker.features.builds.ledger import MAX_PAGES, Bells, Ledger, Pages
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.store import Build, Filter, Scope
from eulermaker.kernel.database import Database
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.paging import Page

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EVERYTHING = Scope("tenant", None)


def build(
    *, owner: str = "ann", name: str = "hello", minutes: int = 0, state: State = State.PENDING
) -> Build:
    return Build(
        id=f"build_{uuid.uuid4().hex[:12]}",
        tenant_id="tenant",
        owner_id=owner,
        node="node_1",
        name=name,
        state=state,
        dockerfile_content="FROM scratch\n",
        spec_content=None,
        build_args={"键": "值"},
        labels={},
        target=None,
        cache_enabled=True,
        cache_from=["a:1"],
        timeout=60,
        created_at=NOW + timedelta(minutes=minutes),
        image_tag=f"{name}:latest",
    )


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    """The ledger of an empty, migrated database."""
    database = Database(database_url)
    await migrate(database)
    yield Ledger(database)
    await database.close()


async def add(ledger: Ledger, *builds: Build) -> None:
    async with ledger.write() as store:
        for one in builds:
            await store.add(one)


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
            rows = await store.page(EVERYTHING, Filter(), Page(limit=limit, offset=offset))
            found += [row["id"] for row in rows]
        assert await store.page(EVERYTHING, Filter(), Page(limit=limit, offset=14)) == []
        assert await store.count(EVERYTHING, Filter()) == 14
    assert found == [one.id for one in sorted(stored, key=lambda one: (one.created_at, one.id), reverse=True)]


@pytest.mark.anyio
async def test_filters_take_names_as_they_are(ledger: Ledger) -> None:
    names = ["50%", "a_b", "axb", "a\\b", "构建"]
    await add(ledger, *(build(name=name) for name in names), build(name="done", state=State.SUCCESS))

    async def found(wanted: Filter) -> set[str]:
        async with ledger.read() as store:
            rows = await store.page(EVERYTHING, wanted, Page(limit=200))
            assert await store.count(EVERYTHING, wanted) == len(rows)
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


def answer(page: bytes) -> Callable[[], Awaitable[bytes]]:
    """A look at the database that finds this page."""

    async def read() -> bytes:
        return page

    return read


@pytest.mark.anyio
async def test_a_write_forgets_the_pages(ledger: Ledger) -> None:
    ledger.pages = pages = Pages(enabled=True)
    assert await pages.recall("list", answer(b"old")) == b"old"
    assert await pages.recall("list", answer(b"never read")) == b"old"
    await add(ledger, build())
    assert await pages.recall("list", answer(b"new")) == b"new"


@pytest.mark.anyio
async def test_a_look_from_before_a_change_answers_nobody_who_asks_after_it() -> None:
    pages = Pages(enabled=True)
    looking, changed = anyio.Event(), anyio.Event()
    told: list[bytes] = []

    async def slow() -> bytes:
        looking.set()
        await changed.wait()
        return b"old"

    async def ask() -> None:
        told.append(await pages.recall("list", slow))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await looking.wait()
        pages.forget()
        assert await pages.recall("list", answer(b"new")) == b"new"
        changed.set()
    assert told == [b"old"]
    assert await pages.recall("list", answer(b"never read")) == b"new"


@pytest.mark.anyio
@pytest.mark.parametrize("enabled", [True, False])
async def test_a_crowd_costs_one_look(enabled: bool) -> None:
    pages, looks = Pages(enabled=enabled), 0

    async def read() -> bytes:
        nonlocal looks
        looks += 1
        await anyio.lowlevel.checkpoint()
        return b"page"

    async def ask() -> None:
        assert await pages.recall("list", read) == b"page"

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert looks == 1


@pytest.mark.anyio
async def test_nothing_is_kept_where_others_can_write() -> None:
    pages = Pages(enabled=False)
    assert await pages.recall("list", answer(b"old")) == b"old"
    assert await pages.recall("list", answer(b"new")) == b"new"


@pytest.mark.anyio
async def test_pages_are_bounded() -> None:
    pages = Pages(enabled=True)
    for key in range(MAX_PAGES + 1):
        await pages.recall(key, answer(b"kept"))
    # The one that was kept first made room for the last.
    assert await pages.recall(1, answer(b"read anew")) == b"kept"
    assert await pages.recall(0, answer(b"read anew")) == b"read anew"


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

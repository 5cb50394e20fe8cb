"""Lists of builds: from memory they are what the database would tell, whatever changes."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest

from eulermaker.features.builds import shown as module
from eulermaker.features.builds.ledger import Ledger
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.shown import Lists
from eulermaker.features.builds.store import Build, BuildStore, Filter, Scope
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import DATABASE_UNAVAILABLE, Fault
from eulermaker.kernel.paging import Page
from tests.features.builds.unit.records import EVERYTHING, NOW, add, build

pytestmark = pytest.mark.anyio

FIRST = Page(limit=20, offset=0)
ALL = Filter()
NAMES = ("hello", "hello-dev", "Host.example/hello", "zlib", "z%l_b", "a/b/c:1.0")


class Watched:
    """The ledger's reading, counted; while `away` it finds no database."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.looks = 0
        self.away = False
        self.opened = anyio.Event()
        self.may_go_on = anyio.Event()
        self.may_go_on.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[BuildStore]:
        """A store to read from, once it may."""
        self.looks += 1
        if self.away:
            raise DATABASE_UNAVAILABLE()
        async with self._ledger.read() as store:
            yield store
            self.opened.set()
            await self.may_go_on.wait()


@pytest.fixture
async def watched(ledger: Ledger) -> Watched:
    """The ledger's reading; its lists are kept in memory and read through this."""
    watched = Watched(ledger)
    ledger.lists = Lists(watched.read, keep=True)
    return watched


async def ids(ledger: Ledger, wanted: Filter = ALL, page: Page = FIRST) -> list[str]:
    """The ids that a list shows."""
    told = json.loads(await ledger.lists.page(EVERYTHING, wanted, page))
    return [one["id"] for one in told["builds"]]


async def test_memory_tells_what_the_database_tells_through_all_changes(ledger: Ledger) -> None:
    chance = random.Random(7)
    kept, anew = Lists(ledger.read, keep=True), Lists(ledger.read, keep=False)
    ledger.lists = kept
    there: list[Build] = []

    async def change() -> None:
        async with ledger.write() as store:
            for _ in range(chance.randint(1, 4)):
                if not there or chance.random() < 0.5:
                    there.append(_any(chance))
                    await store.add(there[-1])
                    continue
                one = chance.choice(there)
                match chance.randrange(4):
                    case 0:
                        await store.remove(one.id)
                    case 1:
                        await store.change(one.id, expected=State, deleted_at=NOW)
                    case 2:
                        await store.enqueue(one.id, now=NOW)
                    case _:
                        state = chance.choice(list(State))
                        await store.change(
                            one.id, expected=State, state=state, started_at=NOW, finished_at=NOW
                        )

    for _ in range(40):
        await change()
        for _ in range(6):
            asked = _asked(chance)
            assert await kept.page(*asked) == await anew.page(*asked), asked


def _any(chance: random.Random) -> Build:
    return build(
        tenant=chance.choice(["tenant", "other"]),
        owner=chance.choice(["ann", "bo"]),
        name=chance.choice(NAMES),
        minutes=chance.randrange(10),
        state=chance.choice(list(State)),
    )


def _asked(chance: random.Random) -> tuple[Scope, Filter, Page]:
    scope = Scope(chance.choice(["tenant", "other", "nobody"]), chance.choice([None, None, "ann"]))
    part = chance.choice([None, None, "hello", "HELLO", "l", "%", "_", "\n", "o\nh", "é", "zlibx"])
    state = chance.choice([None, *State])
    return scope, Filter(state, part), Page(limit=chance.choice([1, 3, 200]), offset=chance.choice([0, 1, 7]))


@pytest.mark.parametrize("keep", [True, False])
async def test_a_page_is_a_list_of_summaries(keep: bool, ledger: Ledger) -> None:
    ledger.lists = Lists(ledger.read, keep=keep)
    stored = build()
    await add(ledger, stored, build(minutes=-1))
    assert json.loads(await ledger.lists.page(EVERYTHING, Filter(), Page(limit=1, offset=0))) == {
        "builds": [
            {
                "id": stored.id,
                "name": stored.name,
                "status": "pending",
                "created_at": "2026-11-20T00:00:00.000Z",
                "started_at": None,
                "finished_at": None,
                "duration": None,
                "image_id": None,
                "image_tag": stored.image_tag,
            }
        ],
        "total": 2,
        "limit": 1,
        "offset": 0,
    }


async def test_what_did_not_change_is_not_read_again(ledger: Ledger, watched: Watched) -> None:
    await add(ledger, *(build(minutes=n) for n in range(30)))
    everything = await ids(ledger) + await ids(ledger, page=Page(limit=20, offset=20))
    assert len(set(everything)) == 30
    assert await ids(ledger, Filter(name="hello")) == everything[:20]
    assert watched.looks == 1


async def test_a_change_is_read_and_nothing_else(ledger: Ledger, watched: Watched) -> None:
    one, other = build(minutes=1), build()
    await add(ledger, one, other)
    assert await ids(ledger, Filter(State.CANCELLED)) == []
    async with ledger.write() as store:
        await store.change(one.id, expected=[State.PENDING], state=State.CANCELLED)
    assert await ids(ledger, Filter(State.CANCELLED)) == [one.id]
    assert await ids(ledger, Filter(State.PENDING)) == [other.id]
    assert watched.looks == 2


async def test_a_write_that_failed_changes_nothing(ledger: Ledger, watched: Watched) -> None:
    one = build()
    await add(ledger, one)
    assert await ids(ledger) == [one.id]

    async def fail() -> None:
        async with ledger.write() as store:
            await store.remove(one.id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await ids(ledger) == [one.id]


async def test_who_asks_after_a_change_waits_for_a_look_from_after_it(
    ledger: Ledger, watched: Watched
) -> None:
    first, second, third = (build(minutes=n) for n in range(3))
    await add(ledger, first)
    told: list[list[str]] = []

    async def ask() -> None:
        told.append(await ids(ledger))

    for one in (second, third):
        watched.opened, watched.may_go_on = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            with anyio.fail_after(10):
                await watched.opened.wait()
            # The look under way has read what there was; this is not a part of it.
            await add(ledger, one)
            group.start_soon(ask)
            await anyio.lowlevel.checkpoint()
            watched.may_go_on.set()
        assert told[-1][0] == one.id
        async with ledger.write() as store:
            await store.change(one.id, expected=[State.PENDING], state=State.RUNNING)


async def test_a_crowd_costs_one_look(ledger: Ledger, watched: Watched) -> None:
    await add(ledger, build())

    async def ask() -> None:
        assert len(await ids(ledger)) == 1

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert watched.looks == 1


async def test_a_change_that_could_not_be_read_is_read_later(ledger: Ledger, watched: Watched) -> None:
    await add(ledger, build())
    assert len(await ids(ledger)) == 1
    await add(ledger, build())
    watched.away = True
    for _ in range(2):
        with pytest.raises(Fault) as fault:
            await ids(ledger)
        assert fault.value.entry is DATABASE_UNAVAILABLE
    watched.away = False
    assert len(await ids(ledger)) == 2


async def test_a_look_that_was_given_up_is_done_by_the_next(ledger: Ledger, watched: Watched) -> None:
    await add(ledger, build())
    assert len(await ids(ledger)) == 1
    await add(ledger, build())
    watched.opened, watched.may_go_on = anyio.Event(), anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(ids, ledger)
        with anyio.fail_after(10):
            await watched.opened.wait()
        group.cancel_scope.cancel()
    watched.may_go_on.set()
    assert len(await ids(ledger)) == 2


async def test_more_builds_than_memory_may_hold_are_read_anew(
    ledger: Ledger, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BUILDS", 3)
    stored = [build(minutes=-n) for n in range(5)]
    expected = [one.id for one in stored]
    await add(ledger, *stored[2:])
    assert await ids(ledger) == expected[2:]
    # One too many: it is found when the change is read, and when a new process counts.
    await add(ledger, stored[1])
    assert await ids(ledger) == expected[1:]
    ledger.lists = Lists(watched.read, keep=True)
    await add(ledger, stored[0])
    assert await ids(ledger) == expected
    looks = watched.looks
    assert await ids(ledger) == expected
    assert watched.looks == looks + 1
    async with ledger.write() as store:
        await store.remove(expected[0])
        await store.remove(expected[1])
    assert await ids(ledger) == expected[2:]
    looks = watched.looks
    assert await ids(ledger) == expected[2:]
    assert watched.looks == looks


async def test_changes_that_nobody_looks_at_are_bounded(
    ledger: Ledger, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_STALE", 5)
    await add(ledger, build())
    assert len(await ids(ledger)) == 1
    for _ in range(4):
        await add(ledger, *(build() for _ in range(4)))
    assert len(ledger.lists._stale) <= 5
    assert len(await ids(ledger)) == 17


async def test_lists_asked_for_are_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FOUND", 100)
    ledger.lists = Lists(ledger.read, keep=True)
    await add(ledger, build())
    for n in range(50):
        assert await ids(ledger, Filter(name=f"{n}")) == []
        assert len(await ids(ledger, Filter(name="hell"))) == 1
    assert ledger.lists._listing is not None
    assert len(ledger.lists._listing._found) <= 100 / module.LIST_COST


async def test_only_the_one_process_of_a_database_keeps_lists(database_url: str, database_kind: str) -> None:
    database = Database(database_url)
    assert Ledger(database).lists._keep == (database_kind == "sqlite")
    await database.close()

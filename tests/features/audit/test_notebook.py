"""The notebook: what is noted reaches the record once, whatever dies meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa

from eulermaker.features.audit import notebook as module
from eulermaker.features.audit.notebook import Notebook
from eulermaker.features.audit.store import AuditStore
from eulermaker.features.audit.tables import audit_log
from eulermaker.kernel.call import FORBIDDEN, Call, Principal, Role
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import DATABASE_UNAVAILABLE, INTERNAL, Fault
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.paging import Page

pytestmark = pytest.mark.anyio
CALL = Call(Principal("user_1", "mei", "tenant_1", Role.USER, "session_1"), "en", "192.0.2.1")
SECONDS = 30


class Ticking:
    """A clock that is a millisecond later each time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 3, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


class LostCommit:
    """A database that commits, and loses the connection before it says so; the first time only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.lost = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[object]:
        """A transaction."""
        async with self._database.write() as connection:
            yield connection
        if not self.lost:
            self.lost += 1
            raise DATABASE_UNAVAILABLE()


def do(notebook: Notebook, thing: str, action: str = "thing.do") -> None:
    with notebook.noting(CALL, action, resource_type="thing", resource_id=thing, loud=True) as details:
        details["found"] = thing


async def results(database: Database) -> list[tuple[str, str]]:
    """What is on record of each thing, in order."""
    async with database.read() as connection:
        rows = await connection.execute(
            sa.select(audit_log.c.resource_id, audit_log.c.result).order_by(audit_log.c.id)
        )
        return [(resource, result) for resource, result in rows]


async def test_who_did_what_with_what_result_is_on_record(database: Database, tmp_path: Path) -> None:
    notebook = Notebook(database, tmp_path / "notes", clock=Ticking())
    do(notebook, "a")
    with pytest.raises(Fault), notebook.noting(CALL, "thing.do", resource_type="thing", resource_id="b"):
        raise FORBIDDEN(permission="x")
    with pytest.raises(KeyError), notebook.noting(CALL, "thing.do", resource_type="thing", resource_id="c"):
        raise KeyError
    assert not await notebook.copy()
    assert await results(database) == [("a", "ok"), ("b", "forbidden"), ("c", INTERNAL.slug)]
    async with database.read() as connection:
        (entry,) = await AuditStore(connection).of_resource("thing", "a", Page())
    assert (entry.username, entry.address, entry.action) == ("mei", "192.0.2.1", "thing.do")
    assert entry.details == {"loud": True, "found": "a"}
    assert (tmp_path / "notes").read_bytes() == b""


async def test_the_service_copies_in_batches_and_what_is_left_at_the_end(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    notebook = Notebook(database, tmp_path / "notes", clock=Ticking())
    async with anyio.create_task_group() as group:
        group.start_soon(notebook.run)
        for number in range(7):
            do(notebook, str(number))
        with anyio.fail_after(SECONDS):
            while len(await results(database)) < 7:  # noqa: ASYNC110  # nobody tells when a table changes
                await anyio.sleep(0.01)
        do(notebook, "last")
        group.cancel_scope.cancel()
    assert [thing for thing, _ in await results(database)] == [*map(str, range(7)), "last"]


async def test_a_death_loses_nothing_and_what_was_under_way_is_told_as_unknown(
    database: Database, tmp_path: Path
) -> None:
    path, clock = tmp_path / "notes", Ticking()
    dying = Notebook(database, path, clock=clock)
    do(dying, "recorded")
    with dying.noting(CALL, "thing.do", resource_type="thing", resource_id="under way"):
        await dying.copy()
        do(dying, "noted")
        left = path.read_bytes()
    # What the process had written when it died, in the middle of a line.
    path.write_bytes(left + b'{"n":9,"en')
    following = Notebook(database, path, clock=clock)
    do(following, "new")
    assert not await following.copy()
    expected = [("recorded", "ok"), ("noted", "ok"), ("under way", "unknown"), ("new", "ok")]
    assert await results(database) == expected


async def test_a_commit_that_may_have_happened_is_not_made_twice(database: Database, tmp_path: Path) -> None:
    losing = LostCommit(database)
    notebook = Notebook(losing, tmp_path / "notes", clock=Ticking())  # type: ignore[arg-type]  # a double
    do(notebook, "once")
    with pytest.raises(Fault):
        await notebook.copy()
    do(notebook, "twice")
    do(notebook, "twice")
    assert not await notebook.copy()
    assert await results(database) == [("once", "ok"), ("twice", "ok"), ("twice", "ok")]


async def test_while_too_much_waits_nothing_is_done(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    notebook = Notebook(database, tmp_path / "notes", clock=Ticking())
    do(notebook, "a")
    with pytest.raises(Fault) as refused:
        do(notebook, "b")
    assert refused.value.entry is DATABASE_UNAVAILABLE
    await notebook.copy()
    do(notebook, "b")


async def test_a_file_that_is_never_idle_is_written_anew(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LINES", 4)
    path, clock = tmp_path / "notes", Ticking()
    notebook = Notebook(database, path, clock=clock)
    with notebook.noting(CALL, "thing.do", resource_type="thing", resource_id="long"):
        for number in range(3):
            do(notebook, str(number))
        await notebook.copy()
        assert path.read_bytes().count(b"\n") == 1
        do(notebook, "after")
        assert [entry.resource_id for entry in module._left_over(path)] == ["after", "long"]


async def test_what_no_database_takes_as_text_is_replaced(database: Database, tmp_path: Path) -> None:
    notebook = Notebook(database, tmp_path / "notes", clock=Ticking())
    odd = "a\x00b\ud800" + "c" * 200
    with notebook.noting(CALL, "thing.do", resource_type="thing", resource_id=odd):
        pass
    await notebook.copy()
    assert await results(database) == [("a?b?" + "c" * 124, "ok")]

"""The database on both kinds: one place that commits, one fault for its loss."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa

from eulermaker.kernel import database as database_module
from eulermaker.kernel.database import Database, Moment
from eulermaker.kernel.faults import DATABASE_UNAVAILABLE, Fault
from tests.kernel.conftest import notes
from tests.server import free_port

pytestmark = pytest.mark.anyio
# `synchronous` 1 is NORMAL.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 10_000}


async def count_of(database: Database, note: int = 1) -> int | None:
    async with database.read() as connection:
        counted = await connection.execute(sa.select(notes.c.count).where(notes.c.id == note))
        found: int | None = counted.scalar()
        return found


async def test_the_end_of_the_block_commits_for_everybody(database: Database, database_url: str) -> None:
    async with database.write() as connection:
        await connection.execute(notes.update().values(count=5))
        assert await count_of(database) == 0
    other = Database(database_url)
    assert await count_of(other) == 5
    await other.close()


async def test_an_error_rolls_everything_back(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(notes.update().values(count=5))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count_of(database) == 0


async def test_a_cancellation_rolls_everything_back(database: Database) -> None:
    with anyio.CancelScope() as scope:
        async with database.write() as connection:
            await connection.execute(notes.update().values(count=5))
            scope.cancel()
            await anyio.sleep_forever()
    assert await count_of(database) == 0
    async with database.write() as connection:
        await connection.execute(notes.update().values(count=6))
    assert await count_of(database) == 6


async def test_a_cancelled_statement_leaves_no_lock_behind(database: Database, database_url: str) -> None:
    slow = sa.text(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000) "
        "SELECT count(*) FROM n"
    )
    with anyio.move_on_after(0.2) as scope:
        async with database.write() as connection:
            await connection.execute(notes.update().values(count=5))
            await connection.execute(slow)
            scope.cancel()
            await anyio.sleep_forever()
    other = Database(database_url)
    async with other.write() as connection:
        await connection.execute(notes.update().where(notes.c.count == 0).values(count=6))
    await other.close()
    assert await count_of(database) == 6


async def test_a_commit_that_fails_is_told(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        async with database.write() as connection:
            await connection.execute(notes.insert().values(id=2, count=0, parent=99))
    assert await count_of(database, 2) is None


async def test_reading_commits_nothing(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(notes.update().values(count=5))
    assert await count_of(database) == 0


async def test_a_refused_row_is_no_loss_of_the_database(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        async with database.write() as connection:
            await connection.execute(notes.insert().values(id=1, count=0))


async def test_wrong_sql_is_no_loss_of_the_database(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        async with database.read() as connection:
            await connection.execute(sa.text("SELECT nothing FROM nowhere"))


@pytest.mark.parametrize(
    "error", [FileNotFoundError("a file"), TimeoutError("an engine"), ConnectionResetError("a registry")]
)
async def test_what_else_fails_inside_a_transaction_is_no_loss_of_the_database(
    error: OSError, database: Database
) -> None:
    async def fail_writing() -> None:
        async with database.write() as connection:
            await connection.execute(notes.update().values(count=5))
            raise error

    async def fail_reading() -> None:
        async with database.read():
            raise error

    for fail in (fail_writing, fail_reading):
        with pytest.raises(type(error)) as raised:
            await fail()
        assert raised.value is error
    assert await count_of(database) == 0


async def test_many_writers_at_once_lose_nothing(database: Database, database_url: str) -> None:
    others = [Database(database_url) for _ in range(3)]

    async def add_one(to: Database) -> None:
        async with to.write() as connection:
            # Reading first is what makes a late upgrade to a writing transaction fail.
            row = sa.select(notes.c.count).where(notes.c.id == 1).with_for_update()
            counted = (await connection.execute(row)).scalar_one()
            await connection.execute(notes.update().where(notes.c.id == 1).values(count=counted + 1))

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(add_one, [database, *others][number % 4])
    assert await count_of(database) == 40
    for other in others:
        await other.close()


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(notes.update().values(count=5))
        with anyio.fail_after(5):
            assert await count_of(database) == 0


async def test_moments_come_back_in_utc_and_sort(database: Database) -> None:
    table = sa.Table("moments", sa.MetaData(), sa.Column("at", Moment))
    start = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    moments = [start + timedelta(hours=hours) for hours in (0, 3, -30)]
    async with database.write() as connection:
        await connection.run_sync(table.create)
        await connection.execute(table.insert(), [{"at": moment} for moment in moments])
        found = list((await connection.execute(sa.select(table.c.at).order_by(table.c.at))).scalars())
    assert found == sorted(moments)
    assert {moment.tzinfo for moment in found} == {UTC}


async def test_a_database_that_is_not_there_is_unavailable(database_kind: str, tmp_path: Path) -> None:
    nowhere = {
        "sqlite": f"sqlite+aiosqlite:///{tmp_path}/missing/test.db",
        "postgresql": f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/nothing",
    }
    away = Database(nowhere[database_kind])
    with pytest.raises(Fault) as fault:
        await away.ping()
    assert fault.value.entry is DATABASE_UNAVAILABLE
    assert isinstance(fault.value.__cause__, Exception)
    with pytest.raises(Fault) as fault:
        async with away.write():
            pytest.fail("there is no database")
    assert fault.value.entry is DATABASE_UNAVAILABLE
    await away.close()
    # aiosqlite does not wait for the thread of an attempt that failed; it must not outlive the loop.
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await anyio.to_thread.run_sync(thread.join, 60)


async def test_a_connection_lost_in_the_middle_is_unavailable_and_then_mended(
    database: Database, database_kind: str
) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite has no connection to lose")  # the run with --database postgresql has it

    async def lose_it() -> None:
        async with database.write() as connection:
            await connection.execute(notes.update().values(count=5))
            mine = (await connection.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
            async with database.read() as other:
                await other.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            await connection.execute(notes.update().values(count=6))

    with pytest.raises(Fault) as fault:
        await lose_it()
    assert fault.value.entry is DATABASE_UNAVAILABLE
    assert await count_of(database) == 0


async def test_an_answer_that_does_not_come_is_unavailable(
    database_url: str, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite answers itself")  # the run with --database postgresql has it
    monkeypatch.setattr(database_module, "COMMAND_SECONDS", 0.1)
    impatient = Database(database_url)
    with pytest.raises(Fault) as fault:
        async with impatient.write() as connection:
            await connection.execute(sa.text("SELECT pg_sleep(60)"))
    assert fault.value.entry is DATABASE_UNAVAILABLE
    assert isinstance(fault.value.__cause__, TimeoutError)
    await impatient.close()


async def test_a_lock_held_for_too_long_is_unavailable(
    database: Database, database_kind: str, database_url: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")  # the run on SQLite has it
    async with database.read() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout=50")
    holder = sqlite3.connect(sa.make_url(database_url).database or "", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Fault) as fault:
        async with database.write():
            pytest.fail("another one holds the lock")
    assert fault.value.entry is DATABASE_UNAVAILABLE
    holder.close()


async def test_sqlite_is_set_up_on_every_connection(database: Database, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("these are SQLite's")  # the run on SQLite has it
    async with database.read() as first, database.read() as second, database.write() as third:
        for connection in (first, second, third):
            told = {
                pragma: (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
                for pragma in SQLITE_PRAGMAS
            }
            assert told == SQLITE_PRAGMAS


async def test_json_keeps_every_character_as_it_is(database: Database) -> None:
    table = sa.Table("documents", sa.MetaData(), sa.Column("body", sa.JSON))
    async with database.write() as connection:
        await connection.run_sync(table.create)
        await connection.execute(table.insert().values(body={"名": ["构建", 1, None]}))
        assert (await connection.execute(sa.select(table.c.body))).scalar_one() == {"名": ["构建", 1, None]}
        stored = (await connection.execute(sa.select(sa.cast(table.c.body, sa.Text)))).scalar_one()
    assert stored == '{"名":["构建",1,null]}'

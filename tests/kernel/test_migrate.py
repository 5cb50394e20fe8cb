"""Migrations: from nothing, again, by two processes at once; and they make exactly what the models say."""

import subprocess
import sys

import anyio
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from eulermaker.features.accounts import tables as _accounts  # noqa: F401  # registers its tables
from eulermaker.features.alerts import tables as _alerts  # noqa: F401  # registers its tables
from eulermaker.features.builds import tables as _builds  # noqa: F401  # registers its tables
from eulermaker.features.errors import tables as _errors  # noqa: F401  # registers its tables
from eulermaker.features.notifications import tables as _notifications  # noqa: F401  # registers its tables
from eulermaker.features.probes import tables as _probes  # noqa: F401  # registers its tables
from eulermaker.features.repositories import tables as _repositories  # noqa: F401  # registers its tables
from eulermaker.features.status_pages import tables as _status_pages  # noqa: F401  # registers its tables
from eulermaker.kernel import outbox as _outbox  # noqa: F401  # registers its table
from eulermaker.kernel.database import Database, metadata
from eulermaker.kernel.migrate import MIGRATIONS, head_revision, migrate

MIGRATE = """
import sys, anyio
from eulermaker.kernel.database import Database
from eulermaker.kernel.migrate import migrate

async def main() -> None:
    database = Database(sys.argv[1])
    sys.stdin.readline()
    await migrate(database)
    await database.close()

anyio.run(main)
"""


async def tables_of(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda c: sa.inspect(c).get_table_names()))


async def tables_at(url: str) -> set[str]:
    database = Database(url)
    try:
        return await tables_of(database)
    finally:
        await database.close()


@pytest.mark.anyio
async def test_fresh_and_again(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    assert await tables_of(database) == {*metadata.tables, "alembic_version"}
    await migrate(database)
    async with database.read() as connection:
        versions = await connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        assert list(versions.scalars()) == [head_revision()]
    await database.close()


@pytest.mark.anyio
async def test_the_models_equal_the_migrations(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)

    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


@pytest.mark.anyio
async def test_a_migration_that_fails_leaves_nothing(database_url: str) -> None:
    database = Database(database_url)
    async with database.write() as connection:
        await connection.execute(sa.text("CREATE TABLE sessions (id integer)"))
    with pytest.raises(sa.exc.DBAPIError, match="sessions"):
        await migrate(database)
    assert await tables_of(database) == {"sessions"}
    await database.close()


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, database_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in starting]
    assert errors == [""] * 3
    assert [process.returncode for process in starting] == [0] * 3
    assert anyio.run(tables_at, database_url) == {*metadata.tables, "alembic_version"}


def test_the_revisions_are_one_line_named_by_their_files() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [head_revision()]

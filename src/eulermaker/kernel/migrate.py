"""Bring the database's schema to the newest version."""

from pathlib import Path

import sqlalchemy as sa

from eulermaker.kernel.database import Database

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def head_revision() -> str:
    """The newest revision: the one that no other names as its predecessor.

    Read from the file names (`NNNN_what.py`), since importing Alembic would slow every start.
    """
    return max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).split("_")[0]


async def migrate(database: Database) -> None:
    """Apply the migrations that are missing; nothing is imported when there are none."""
    async with database.read() as connection:
        current = await connection.run_sync(_current_revision)
    if current == head_revision():
        return
    async with database.write() as connection:
        await connection.run_sync(_upgrade)


def _current_revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        # Two processes that start together must not migrate together; released at commit.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7146822)"))
    command.upgrade(config, "head")

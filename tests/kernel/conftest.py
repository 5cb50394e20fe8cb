"""The database under test, opened."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from eulermaker.kernel.database import Database

notes = sa.Table(
    "notes",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column(
        "parent", sa.ForeignKey("notes.id", deferrable=True, initially="DEFERRED", name="fk_notes_parent")
    ),
)


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """Below the features a database is empty."""
    return empty_database_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with the table `notes`, which holds one note."""
    opened = Database(database_url)
    async with opened.write() as connection:
        await connection.run_sync(notes.metadata.create_all)
        await connection.execute(notes.insert().values(id=1, count=0))
    yield opened
    await opened.close()

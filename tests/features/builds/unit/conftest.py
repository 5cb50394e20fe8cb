"""What the tests of the builds' parts share."""

from collections.abc import AsyncIterator

import pytest

from eulermaker.features.builds.ledger import Ledger
from eulermaker.kernel.database import Database
from eulermaker.kernel.migrate import migrate


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    """The ledger of an empty, migrated database."""
    database = Database(database_url)
    await migrate(database)
    yield Ledger(database)
    await database.close()

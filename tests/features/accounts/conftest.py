"""The account service on a migrated database, with a clock that the test moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eulermaker.features.accounts.desk import Desk, desk
from eulermaker.features.accounts.mail import Mailer
from eulermaker.features.accounts.service import Accounts
from eulermaker.kernel.database import Database
from eulermaker.kernel.limits import Limits
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.sealing import Sealer
from eulermaker.kernel.settings import Settings, load_settings

SECRET = "a secret of at least thirty-two bytes"
PASSWORD = "correct horse battery staple"


class MovedClock:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment it was moved to."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class World:
    """One installation's accounts; `another` is a second process on the same database."""

    desk: Desk
    other_desk: Desk
    database: Database
    clock: MovedClock

    @property
    def accounts(self) -> Accounts:
        """Its sessions and tokens."""
        return self.desk.accounts

    @property
    def another(self) -> Accounts:
        """Those of the second process."""
        return self.other_desk.accounts


def desk_on(database: Database, settings: Settings, clock: MovedClock) -> Desk:
    """The services of accounts in one process."""
    accounts = Accounts(database, settings, secret=SECRET, clock=clock)
    mailer = Mailer(settings.smtp, Limits(None), clock=clock)
    return desk(accounts, Sealer(SECRET), mailer, secret=SECRET)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Accounts with the first administrator in them."""
    clock = MovedClock()
    settings = load_settings(data_dir=tmp_path, admin_password=PASSWORD)
    opened = [Database(database_url) for _ in range(2)]
    await migrate(opened[0])
    one, other = (desk_on(database, settings, clock) for database in opened)
    await one.accounts.bootstrap_admin()
    yield World(one, other, opened[0], clock)
    for database in opened:
        await database.close()

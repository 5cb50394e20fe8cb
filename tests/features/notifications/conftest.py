"""What notifications need beside a database: clocks, callers, senders with real receivers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from eulermaker.features.audit.service import Audit
from eulermaker.features.notifications.apprise import Apprise
from eulermaker.features.notifications.deliver import Senders
from eulermaker.features.notifications.http import Poster
from eulermaker.features.notifications.service import Notifications
from eulermaker.kernel.addresses import AddressPolicy
from eulermaker.kernel.call import Call, Principal, Role
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.sealing import Sealer
from eulermaker.kernel.settings import Notifications as Limits
from eulermaker.kernel.settings import Outbound, Smtp
from eulermaker.kernel.telemetry import Metrics

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SERVER_SECRET = "a secret of at least thirty-two bytes"


def call_of(role: Role = Role.USER, *, user: str = "me", tenant: str = "tenant") -> Call:
    """A call of somebody with that role."""
    return Call(Principal(user, user, tenant, role, "session"), "en")


def senders(*, smtp: Smtp | None = None, secret: str = SERVER_SECRET) -> Senders:
    """The ways out of a server with that secret."""
    return Senders(
        poster=Poster(AddressPolicy()),
        smtp=smtp or Smtp(),
        apprise=Apprise(Outbound()),
        sealer=Sealer(secret),
        metrics=Metrics(),
        clock=utc_now,
        seconds=5,
    )


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database."""
    opened = Database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def notifications(database: Database) -> Notifications:
    """The service over it; its receivers get five seconds."""
    return Notifications(
        database,
        Audit(database, clock=utc_now),
        senders(),
        holder="node_test",
        limits=Limits(deadline_seconds=5),
        clock=utc_now,
    )

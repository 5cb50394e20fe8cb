"""Changes of probes, put into a server's database by the product's own service."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import anyio
import sqlalchemy as sa

from eulermaker.features.accounts.tables import users
from eulermaker.features.alerts.schemas import Severity, StateChange
from eulermaker.features.alerts.service import Alerts
from eulermaker.features.audit.service import Audit
from eulermaker.features.notifications.apprise import Apprise
from eulermaker.features.notifications.deliver import Senders
from eulermaker.features.notifications.http import Poster
from eulermaker.features.notifications.service import Notifications
from eulermaker.kernel.addresses import AddressPolicy
from eulermaker.kernel.clock import Clock, utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.sealing import Sealer
from eulermaker.kernel.settings import Alerts as AlertSettings
from eulermaker.kernel.settings import Notifications as Limits
from eulermaker.kernel.settings import Outbound, Smtp
from eulermaker.kernel.telemetry import Metrics

SERVER_SECRET = "a secret of at least thirty-two bytes"


def notifications_of(
    database: Database, *, clock: Clock = utc_now, limits: Limits | None = None, holder: str = "node_test"
) -> Notifications:
    """The notifications of a database, of a server that has the secret above."""
    senders = Senders(
        poster=Poster(AddressPolicy()),
        smtp=Smtp(),
        apprise=Apprise(Outbound()),
        sealer=Sealer(SERVER_SECRET),
        metrics=Metrics(),
        clock=clock,
        seconds=5,
    )
    audit = Audit(database, clock=clock)
    return Notifications(
        database, audit, senders, holder=holder, limits=limits or Limits(deadline_seconds=5), clock=clock
    )


def alerts_of(
    database: Database,
    *,
    clock: Clock = utc_now,
    settings: AlertSettings | None = None,
    notifications: Notifications | None = None,
) -> Alerts:
    """The alerts of a database."""
    return Alerts(
        database,
        notifications or notifications_of(database, clock=clock),
        Audit(database, clock=clock),
        settings=settings or AlertSettings(),
        metrics=Metrics(),
        clock=clock,
    )


@dataclass(frozen=True)
class Changes:
    """Tells a database of probes that change."""

    url: str
    settings: AlertSettings = field(default_factory=AlertSettings)

    def tell(self, *changes: StateChange) -> None:
        """Observe the changes in one transaction, as the probes' own recorder does."""
        anyio.run(self._tell, changes)

    def user_id(self, username: str) -> str:
        """The id of the user."""
        return anyio.run(self._user_id, username)

    async def _tell(self, changes: tuple[StateChange, ...]) -> None:
        database = Database(self.url)
        try:
            async with database.write() as connection:
                await alerts_of(database, settings=self.settings).observe_all(connection, changes)
        finally:
            await database.close()

    async def _user_id(self, username: str) -> str:
        database = Database(self.url)
        try:
            async with database.read() as connection:
                query = sa.select(users.c.id).where(users.c.username == username)
                return str(await connection.scalar(query))
        finally:
            await database.close()


def failing(probe: str, owner: str, *, at: datetime | None = None, **fields: object) -> StateChange:
    """A probe that fails from now on."""
    change = StateChange(
        probe=probe,
        name=f"name of {probe}",
        tenant_id="tenant_default",
        owner_id=owner,
        container_id="container_0123456789ab",
        labels={"team": "a"},
        severity=Severity.CRITICAL,
        before="success",
        after="failure",
        at=at or utc_now(),
        details={"error": "connection refused"},
    )
    return replace(change, **fields)  # type: ignore[arg-type]  # the tests name the fields


def well(change: StateChange, *, at: datetime | None = None) -> StateChange:
    """The same probe, well again."""
    return replace(change, before="failure", after="success", at=at or utc_now(), details={})

"""What may be asked of the errors that clients were told, and what keeps them."""

from datetime import timedelta

import anyio
import structlog

from eulermaker.features.errors.faults import REQUEST_NOT_FOUND
from eulermaker.features.errors.schemas import ErrorCounts, Occurrences, Told
from eulermaker.features.errors.store import ErrorStore, Wanted
from eulermaker.features.errors.tally import Tally
from eulermaker.kernel.call import Call, Permission, Role
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Family, Fault
from eulermaker.kernel.paging import Page
from eulermaker.kernel.settings import Errors
from eulermaker.kernel.supervise import every

log = structlog.get_logger("eulermaker.errors")

STORE_SECONDS = 2.0
LAST_SECONDS = 2.0


class ErrorRecords:
    """Counts and occurrences: noted in memory, stored by a service, asked for by administrators."""

    def __init__(self, database: Database, *, settings: Errors, clock: Clock) -> None:
        self.tally = Tally()
        self._database = database
        self._settings = settings
        self._clock = clock
        self._storing = anyio.Lock()

    def note(self, told: Told) -> None:
        """Count an error and keep it; nothing is waited for."""
        self.tally.note(told)

    async def run(self) -> None:
        """Service: store what was noted, again and again and at the end."""
        try:
            await every(STORE_SECONDS, self.store)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(LAST_SECONDS):
                await self._store_the_last()

    async def store(self) -> None:
        """Store what was noted; raises `database-unavailable`, and then it is kept for the next time."""
        async with self._storing:
            batch = self.tally.take()
            if not batch.counts:
                return
            try:
                async with self._database.write() as connection:
                    store = ErrorStore(connection)
                    await store.add_counts(batch.counts)
                    await store.add_occurrences(batch.recent)
            except BaseException:
                self.tally.put_back(batch)
                raise

    async def _store_the_last(self) -> None:
        try:
            await self.store()
        except Fault as fault:
            log.warning("errors.not-stored", fault=fault.entry.slug)

    async def sweep(self) -> None:
        """Remove what was kept long enough."""
        now, kept = self._clock(), self._settings
        async with self._database.write() as connection:
            await ErrorStore(connection).forget(
                occurrences_before=now - timedelta(days=kept.keep_days),
                counts_before=now - timedelta(days=kept.keep_count_days),
                at_most=kept.max_kept,
            )

    async def counts(
        self,
        call: Call,
        page: Page,
        *,
        family: Family | None,
        code: str | None,
        slug: str | None,
        route: str | None,
    ) -> ErrorCounts:
        """How often clients were told what, the most frequent first."""
        call.require(Permission.ERRORS_READ)
        await self.store()
        wanted = Wanted(tenants=_tenants(call), family=family, code=code, slug=slug, route=route)
        async with self._database.read() as connection:
            found, total, occurrences = await ErrorStore(connection).counts(wanted, page)
        return ErrorCounts(
            errors=found, total=total, occurrences=occurrences, limit=page.limit, offset=page.offset
        )

    async def of_request(self, call: Call, request: str) -> Occurrences:
        """What the request of that id was told; raises `failed-request-not-found`."""
        call.require(Permission.ERRORS_READ)
        await self.store()
        async with self._database.read() as connection:
            found = await ErrorStore(connection).of_request(request, tenants=_tenants(call))
        if not found:
            raise REQUEST_NOT_FOUND(
                request=request, details={"request_id": request, "resource_type": "request"}
            )
        return Occurrences(request_id=request, occurrences=found)


def _tenants(call: Call) -> tuple[str, ...] | None:
    """Whose errors the caller sees: root everybody's, others their tenant's and those of nobody."""
    return None if call.principal.role is Role.ROOT else (call.principal.tenant, "")

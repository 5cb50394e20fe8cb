"""What may be asked of status pages."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import anyio
from sqlalchemy.exc import IntegrityError

from eulermaker.features.audit.service import Audit
from eulermaker.features.notifications.rules import may_name
from eulermaker.features.notifications.service import NOTIFICATIONS
from eulermaker.features.probes.schemas import ProbeDetail
from eulermaker.features.probes.service import Probes
from eulermaker.features.probes.store import Filter
from eulermaker.features.status_pages.faults import (
    STATUS_PAGE_NOT_FOUND,
    STATUS_PAGE_SLUG_TAKEN,
    TOO_MANY_STATUS_PAGES,
)
from eulermaker.features.status_pages.schemas import Line, NewStatusPage, Picture, StatusPage
from eulermaker.features.status_pages.store import StatusPageStore
from eulermaker.kernel.call import Call, Permission, Principal, Role
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.ownership import OWNER, TENANT
from eulermaker.kernel.paging import Page
from eulermaker.kernel.singleflight import SingleFlight

MAX_OWN = 20
MAX_LINES = 100
#: A picture is shown for so long before a new one is taken, whatever number of people look.
FRESH_SECONDS = 15.0
MAX_PICTURES = 256


class StatusPages:
    """Make, change and remove status pages, and take the pictures that they show."""

    def __init__(self, database: Database, probes: Probes, audit: Audit, *, clock: Clock) -> None:
        self._database = database
        self._probes = probes
        self._audit = audit
        self._clock = clock
        self._pictures: OrderedDict[str, tuple[float, Picture]] = OrderedDict()
        self._taking = SingleFlight[Picture]()

    async def page(self, call: Call, page: Page) -> tuple[Sequence[StatusPage], int]:
        """One page of the status pages that the caller may see, by title, and how many there are."""
        call.require(Permission.NOTIFICATIONS_READ)
        everybody = call.principal.may(Permission.NOTIFICATIONS_READ_ALL)
        async with self._database.read() as connection:
            return await StatusPageStore(connection).page(
                tenant=call.principal.tenant, owner=None if everybody else call.principal.user, page=page
            )

    async def get(self, call: Call, identifier: str) -> StatusPage:
        """The status page; raises `status-page-not-found`."""
        call.require(Permission.NOTIFICATIONS_READ)
        async with self._database.read() as connection:
            found = await StatusPageStore(connection).get(identifier) if may_name(identifier) else None
        if found is None or not NOTIFICATIONS.sees(call, _labels(found)):
            raise _missing(identifier)
        return found

    async def add(self, call: Call, wanted: NewStatusPage) -> StatusPage:
        """Make a status page of the caller's; raises `status-page-slug-taken` and `too-many-status-pages`."""
        call.require(Permission.NOTIFICATIONS_WRITE)
        self._require_scope(call, wanted)
        made = StatusPage(
            id=new_id("status_page"),
            tenant_id=call.principal.tenant,
            owner_id=call.principal.user,
            created_at=self._clock(),
            **wanted.model_dump(),
        )
        try:
            async with self._database.write() as connection:
                store = StatusPageStore(connection)
                own = {"tenant": made.tenant_id, "owner": made.owner_id}
                if (await store.page(**own, page=Page(1)))[1] >= MAX_OWN:
                    details = {"limit": MAX_OWN, "resource_type": "status_page"}
                    raise TOO_MANY_STATUS_PAGES(limit=MAX_OWN, details=details)
                await store.add(made)
        except IntegrityError as error:
            raise _taken(wanted.slug) from error
        await self._note(call, "status-page.create", made)
        return made

    async def change(self, call: Call, identifier: str, wanted: NewStatusPage) -> StatusPage:
        """Change a status page; raises `status-page-not-found` and `status-page-slug-taken`."""
        known = await self._changeable(call, identifier)
        self._require_scope(call, wanted)
        changed = replace(known, **wanted.model_dump())
        try:
            async with self._database.write() as connection:
                if not await StatusPageStore(connection).replace(changed):
                    raise _missing(identifier)
        except IntegrityError as error:
            raise _taken(wanted.slug) from error
        self._pictures.pop(identifier, None)
        await self._note(call, "status-page.update", changed)
        return changed

    async def remove(self, call: Call, identifier: str) -> None:
        """Remove a status page; raises `status-page-not-found`."""
        known = await self._changeable(call, identifier)
        async with self._database.write() as connection:
            await StatusPageStore(connection).remove(identifier)
        self._pictures.pop(identifier, None)
        await self._note(call, "status-page.remove", known)

    async def picture(self, slug: str) -> Picture:
        """What the public sees at an address, at most so many seconds old; raises `status-page-not-found`."""
        async with self._database.read() as connection:
            found = await StatusPageStore(connection).at(slug) if may_name(slug) else None
        if found is None or not found.enabled:
            raise _missing(slug)
        taken = self._pictures.get(found.id)
        if taken is not None and taken[0] > anyio.current_time():
            return taken[1]
        return await self._taking.ask(found.id, lambda: self._take(found))

    async def _take(self, page: StatusPage) -> Picture:
        # The page shows what its owner may see, and no more than that.
        role = Role.READONLY if page.scope == "tenant" else Role.USER
        call = Call(Principal(page.owner_id, "", page.tenant_id, role, ""), "en")
        wanted = Filter(labels=tuple(page.selector.items()))
        listed = await self._probes.page(call, wanted, Page(limit=MAX_LINES))
        lines = [_line(await self._probes.detail(call, row.id)) for row in listed.probes]
        lines.sort(key=lambda line: (line.name, line.probe))
        picture = Picture(
            title=page.title,
            slug=page.slug,
            at=self._clock(),
            lines=tuple(lines),
            more=listed.total - len(lines),
        )
        self._pictures[page.id] = (anyio.current_time() + FRESH_SECONDS, picture)
        self._pictures.move_to_end(page.id)
        if len(self._pictures) > MAX_PICTURES:
            self._pictures.popitem(last=False)
        return picture

    async def _changeable(self, call: Call, identifier: str) -> StatusPage:
        found = await self.get(call, identifier)
        NOTIFICATIONS.require_change(call, _labels(found))
        return found

    def _require_scope(self, call: Call, wanted: NewStatusPage) -> None:
        if wanted.scope == "tenant":
            call.require(Permission.NOTIFICATIONS_WRITE_ALL)

    async def _note(self, call: Call, action: str, page: StatusPage) -> None:
        await self._audit.record(
            call, action, resource_type="status_page", resource_id=page.id, slug=page.slug
        )


def _line(probe: ProbeDetail) -> Line:
    uptime = probe.statistics.uptime
    return Line(
        probe=probe.id,
        name=probe.name,
        state=probe.state.value,
        paused=not probe.enabled,
        since=probe.state_since,
        uptime=(uptime.last_24h, uptime.last_7d, uptime.last_30d),
    )


def _labels(page: StatusPage) -> dict[str, str]:
    return {OWNER: page.owner_id, TENANT: page.tenant_id}


def _missing(page: str) -> Fault:
    return STATUS_PAGE_NOT_FOUND(page=page, details={"status_page": page, "resource_type": "status_page"})


def _taken(slug: str) -> Fault:
    return STATUS_PAGE_SLUG_TAKEN(slug=slug, details={"slug": slug, "resource_type": "status_page"})

"""The lists of builds: from memory where no other process can change a build, else read anew.

What is kept in memory is never what a write intends, but what was read after it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from itertools import accumulate

import anyio
import sqlalchemy as sa
from pydantic_core import to_json

from eulermaker.features.builds.rules import State
from eulermaker.features.builds.schemas import Summary
from eulermaker.features.builds.store import BuildStore, Filter, Scope
from eulermaker.kernel.paging import Page

#: Beyond so many builds lists are read anew: one in memory takes about 0.8 KiB.
MAX_BUILDS = 100_000
#: Nobody looks at the lists when so many changes have come together: the next who does begins anew.
MAX_STALE = 1000
#: What the lists that were asked for last may have together.
MAX_FOUND = 1_000_000
#: A list's own cost, counted in builds.
LIST_COST = 16
ROWS_AT_ONCE = 500
_REST = ("started_at", "finished_at", "image_id", "image_tag")


class Shown:
    """One build as lists show it, from a row of the store's."""

    __slots__ = ("_json", "_rest", "created_at", "id", "name", "owner", "state", "tenant")

    def __init__(self, row: sa.RowMapping) -> None:
        self.id: str = row["id"]
        self.tenant: str = row["tenant_id"]
        self.owner: str = row["owner_id"]
        self.name: str = row["name"]
        self.state = State(row["state"])
        self.created_at: datetime = row["created_at"]
        # A plain tuple, and not the row: the collector of garbage does not have to look at it.
        self._rest = tuple(row[name] for name in _REST)
        self._json = b""

    @property
    def age(self) -> tuple[datetime, str]:
        """What lists are ordered by: the newest has the greatest."""
        return self.created_at, self.id

    @property
    def json(self) -> bytes:
        """Its summary."""
        # Made when it is shown first: most builds of a long list never are.
        if not self._json:
            self._json, self._rest = self._summary(), ()
        return self._json

    def _summary(self) -> bytes:
        rest = dict(zip(_REST, self._rest, strict=True))
        started, finished = rest["started_at"], rest["finished_at"]
        duration = round((finished - started).total_seconds(), 3) if started and finished else None
        return to_json(
            Summary(
                id=self.id,
                name=self.name,
                status=self.state,
                created_at=self.created_at,
                duration=duration,
                **rest,
            )
        )


class Shelf:
    """The builds of one tenant, oldest first, and their names as one text to search."""

    def __init__(self, builds: Iterable[Shown]) -> None:
        self.builds = sorted(builds, key=_age)
        self._names: str | None = None
        self._starts: list[int] = []

    def put(self, build: Shown) -> None:
        """Add a build, or replace it: neither its age nor its name ever changes."""
        at = bisect_left(self.builds, build.age, key=_age)
        if at < len(self.builds) and self.builds[at].id == build.id:
            self.builds[at] = build
        else:
            self.builds.insert(at, build)
            self._names = None

    def remove(self, build: Shown) -> None:
        """Take a build away that is there."""
        del self.builds[bisect_left(self.builds, build.age, key=_age)]
        self._names = None

    def named(self, part: str) -> list[Shown]:
        """The builds whose names contain the text, which is not empty, in either case; oldest first."""
        part = part.lower()
        if "\n" in part:
            return []
        names = self._text()
        found: list[Shown] = []
        at = names.find(part)
        while at >= 0:
            number = bisect_right(self._starts, at) - 1
            found.append(self.builds[number])
            at = names.find(part, self._starts[number + 1])
        return found

    def _text(self) -> str:
        """The names, a line each: searching one text is many times quicker than searching each name."""
        if self._names is None:
            lines = [f"{build.name.lower()}\n" for build in self.builds]
            self._starts = list(accumulate(map(len, lines), initial=0))
            self._names = "".join(lines)
        return self._names


class Listing:
    """All builds in memory, and the lists that were asked for since the last change."""

    def __init__(self, builds: Iterable[Shown]) -> None:
        self._builds = {build.id: build for build in builds}
        tenants: dict[str, list[Shown]] = {}
        for build in self._builds.values():
            tenants.setdefault(build.tenant, []).append(build)
        self._shelves = {tenant: Shelf(theirs) for tenant, theirs in tenants.items()}
        self._found: dict[tuple[Scope, Filter], list[Shown]] = {}
        self._found_cost = 0

    def __len__(self) -> int:
        return len(self._builds)

    def renew(self, ids: Iterable[str], builds: Iterable[Shown]) -> None:
        """What is true of the builds with those ids now; those that are not among `builds` are gone."""
        present = {build.id: build for build in builds}
        for one in ids:
            if build := present.get(one):
                self._builds[one] = build
                self._shelves.setdefault(build.tenant, Shelf(())).put(build)
            elif gone := self._builds.pop(one, None):
                self._shelves[gone.tenant].remove(gone)
        self._forget()

    def matching(self, scope: Scope, wanted: Filter) -> Sequence[Shown]:
        """The builds that a list has, oldest first."""
        shelf = self._shelves.get(scope.tenant)
        if shelf is None:
            return ()
        if scope.owner is None and wanted == Filter():
            return shelf.builds
        found = self._found.get((scope, wanted))
        if found is None:
            found = _matching(shelf, scope, wanted)
            self._keep((scope, wanted), found)
        return found

    def _keep(self, asked: tuple[Scope, Filter], found: list[Shown]) -> None:
        self._found_cost += len(found) + LIST_COST
        if self._found_cost > MAX_FOUND:
            self._forget()
            self._found_cost = len(found) + LIST_COST
        self._found[asked] = found

    def _forget(self) -> None:
        self._found.clear()
        self._found_cost = 0


class Lists:
    """Answers lists of builds; `keep` says that no other process can change a build."""

    def __init__(self, read: Callable[[], AbstractAsyncContextManager[BuildStore]], *, keep: bool) -> None:
        self._read = read
        self._keep = keep
        self._listing: Listing | None = None
        self._too_many = False
        self._stale: set[str] = set()
        self._renewing = anyio.Lock()

    def changed(self, builds: Iterable[str]) -> None:
        """Something may have happened to these builds: what is kept of them is not true any more."""
        self._stale.update(builds)
        self._too_many = False
        if len(self._stale) > MAX_STALE and not self._renewing.locked():
            self._listing = None
            self._stale.clear()

    async def page(self, scope: Scope, wanted: Filter, page: Page) -> bytes:
        """One page of builds, newest first, as JSON."""
        listing = await self._current() if self._keep else None
        if listing is not None:
            found = listing.matching(scope, wanted)
            return _page(_newest(found, page), len(found), page)
        async with self._read() as store:
            rows, total = await store.page(scope, wanted, page)
        return _page(map(Shown, rows), total, page)

    async def _current(self) -> Listing | None:
        """The builds as they are now; None where there are too many of them for the memory."""
        if self._stale or self._renewing.locked() or (self._listing is None and not self._too_many):
            async with self._renewing:
                if self._listing is None:
                    await self._load()
                elif self._stale:
                    await self._renew(self._listing)
        return self._listing

    async def _load(self) -> None:
        # What changes from here on is read once more.
        self._stale.clear()
        async with self._read() as store:
            self._too_many = await store.count_all() > MAX_BUILDS
            if self._too_many:
                return
            builds: list[Shown] = []
            while rows := await store.summaries(after=builds[-1].id if builds else "", limit=ROWS_AT_ONCE):
                builds += map(Shown, rows)
        self._listing = Listing(builds)
        if self._stale:
            await self._renew(self._listing)

    async def _renew(self, listing: Listing) -> None:
        stale, self._stale = self._stale, set()
        try:
            async with self._read() as store:
                rows = await store.summaries_of(stale)
        except BaseException:
            self._stale |= stale
            raise
        listing.renew(stale, map(Shown, rows))
        if len(listing) > MAX_BUILDS:
            self._listing, self._too_many = None, True


def _age(build: Shown) -> tuple[datetime, str]:
    return build.age


def _matching(shelf: Shelf, scope: Scope, wanted: Filter) -> list[Shown]:
    found = shelf.builds if not wanted.name else shelf.named(wanted.name)
    if wanted.state is not None:
        found = [build for build in found if build.state is wanted.state]
    if scope.owner is not None:
        found = [build for build in found if build.owner == scope.owner]
    return found


def _newest(oldest_first: Sequence[Shown], page: Page) -> Sequence[Shown]:
    end = max(0, len(oldest_first) - page.offset)
    return oldest_first[max(0, end - page.limit) : end][::-1]


def _page(builds: Iterable[Shown], total: int, page: Page) -> bytes:
    """The JSON of a `BuildList`."""
    listed = b",".join(build.json for build in builds)
    return b'{"builds":[%b],"total":%d,"limit":%d,"offset":%d}' % (listed, total, page.limit, page.offset)

"""All SQL of what clients were told."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.errors.schemas import ErrorCount, Occurrence, Told
from eulermaker.features.errors.tables import error_counts, error_occurrences
from eulermaker.features.errors.tally import Count, Series
from eulermaker.kernel.faults import Family
from eulermaker.kernel.paging import Page

MAX_OF_A_REQUEST = 100
_COUNTED = error_counts.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which counts are asked for; None asks for all, `tenants` is whose may be seen."""

    tenants: tuple[str, ...] | None = None
    family: Family | None = None
    code: str | None = None
    slug: str | None = None
    route: str | None = None


class ErrorStore:
    """Counts and occurrences inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add_counts(self, counts: Mapping[Series, Count]) -> None:
        """Add to what was counted before."""
        insert = sqlite.insert if self._db.dialect.name == "sqlite" else postgresql.insert
        row = insert(error_counts)
        added = row.on_conflict_do_update(
            index_elements=[_COUNTED.slug, _COUNTED.family, _COUNTED.route, _COUNTED.tenant_id],
            set_={
                "code": row.excluded.code,
                "status": row.excluded.status,
                "count": _COUNTED.count + row.excluded.count,
                "last_seen": sa.case(
                    (row.excluded.last_seen > _COUNTED.last_seen, row.excluded.last_seen),
                    else_=_COUNTED.last_seen,
                ),
            },
        )
        rows = [_count_row(series, counted) for series, counted in counts.items()]
        # Two processes that add the same rows must not wait for each other in a circle.
        rows.sort(key=lambda each: (each["slug"], each["family"], each["route"], each["tenant_id"]))
        if rows:
            await self._db.execute(added, rows)

    async def add_occurrences(self, told: Sequence[Told]) -> None:
        """Keep errors for look-ups."""
        if told:
            await self._db.execute(error_occurrences.insert(), [_occurrence_row(each) for each in told])

    async def counts(self, wanted: Wanted, page: Page) -> tuple[list[ErrorCount], int, int]:
        """A page of counts, the greatest first; how many there are, and their sum."""
        where = _where(wanted)
        order = (_COUNTED.count.desc(), _COUNTED.slug, _COUNTED.family, _COUNTED.route, _COUNTED.tenant_id)
        query = error_counts.select().where(*where).order_by(*order).limit(page.limit).offset(page.offset)
        rows = await self._db.execute(query)
        sums = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_COUNTED.count), 0)).where(*where)
        total, occurrences = (await self._db.execute(sums)).one()
        return [ErrorCount(**_public(row._asdict())) for row in rows], total, int(occurrences)

    async def of_request(self, request: str, *, tenants: tuple[str, ...] | None) -> list[Occurrence]:
        """What a request was told, the latest first."""
        where = [error_occurrences.c.request_id == request]
        if tenants is not None:
            where.append(error_occurrences.c.tenant_id.in_(tenants))
        query = error_occurrences.select().where(*where).order_by(error_occurrences.c.seq.desc())
        rows = await self._db.execute(query.limit(MAX_OF_A_REQUEST))
        return [Occurrence(**_public(row._asdict())) for row in rows]

    async def forget(self, *, occurrences_before: datetime, counts_before: datetime, at_most: int) -> None:
        """Remove what is older, and the oldest occurrences beyond so many."""
        table = error_occurrences
        await self._db.execute(table.delete().where(table.c.at < occurrences_before))
        last = await self._db.scalar(sa.select(sa.func.max(table.c.seq)))
        if last is not None:
            await self._db.execute(table.delete().where(table.c.seq <= last - at_most))
        await self._db.execute(error_counts.delete().where(_COUNTED.last_seen < counts_before))


def _where(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    asked = {"family": wanted.family, "code": wanted.code, "slug": wanted.slug, "route": wanted.route}
    where = [_COUNTED[name] == value for name, value in asked.items() if value is not None]
    if wanted.tenants is not None:
        where.append(_COUNTED.tenant_id.in_(wanted.tenants))
    return where


def _count_row(series: Series, counted: Count) -> dict[str, Any]:
    return _private(asdict(series)) | asdict(counted)


def _occurrence_row(told: Told) -> dict[str, Any]:
    return _private(asdict(told))


def _private(row: dict[str, Any]) -> dict[str, Any]:
    """Names of the public shape as columns, no longer than those are."""
    named = {_COLUMNS.get(name, name): value for name, value in row.items()}
    return named | {"route": row["route"][:200], "code": row["code"][:64]}


def _public(row: Mapping[str, Any]) -> dict[str, Any]:
    return {_NAMES.get(name, name): value for name, value in row.items()}


_COLUMNS = {"tenant": "tenant_id", "user": "user_id"}
_NAMES = {column: name for name, column in _COLUMNS.items()}

"""All SQL of the builds."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.builds.artifacts import Artifact
from eulermaker.features.builds.rules import State, Waiting
from eulermaker.features.builds.tables import artifacts, builds
from eulermaker.features.optimizer.schemas import Level
from eulermaker.kernel.paging import Page

IDS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Build:
    """One build, as stored."""

    id: str
    tenant_id: str
    owner_id: str
    node: str
    name: str
    state: State
    dockerfile_content: str
    spec_content: str | None
    build_args: dict[str, str]
    labels: dict[str, str]
    target: str | None
    cache_enabled: bool
    cache_from: list[str]
    timeout: int
    created_at: datetime
    image_tag: str
    optimize: Level = Level.SAFE
    attempts: int = 0
    queued_at: datetime | None = None
    not_before: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    deleted_at: datetime | None = None
    clean_image: bool = False
    error_slug: str | None = None
    error_facts: dict[str, Any] | None = None
    image_id: str | None = None
    image_size: int | None = None
    image_layers: int | None = None
    steps_total: int | None = None
    steps_cached: int | None = None
    steps_done: int | None = None
    optimization: dict[str, Any] | None = None
    fingerprint: str | None = None
    built_at: datetime | None = None

    @property
    def draft(self) -> bool:
        """Whether nobody has asked for its execution yet."""
        return self.state is State.PENDING and self.queued_at is None

    @property
    def duration(self) -> float | None:
        """Seconds from the start to the end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return round((self.finished_at - self.started_at).total_seconds(), 3)


_COLUMNS = [builds.c[field.name] for field in fields(Build)]
_SUMMARY = [
    builds.c[name]
    for name in (
        "id", "tenant_id", "owner_id", "name", "state", "created_at", "started_at", "finished_at",
        "image_id", "image_tag",
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """Which builds a query may see: those of a tenant, and of one owner unless that is None."""

    tenant: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which builds a list is about."""

    state: State | None = None
    name: str | None = None


class BuildStore:
    """Reads and writes builds inside one transaction; `touched` has the builds that it may have changed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection
        self.touched: set[str] = set()

    async def add(self, build: Build) -> None:
        """Store a new build."""
        self.touched.add(build.id)
        values = {field.name: getattr(build, field.name) for field in fields(Build)}
        await self._db.execute(builds.insert().values(values))

    async def get(self, build: str) -> Build | None:
        """The build with that id, whoever owns it."""
        row = (await self._db.execute(sa.select(*_COLUMNS).where(builds.c.id == build))).first()
        return None if row is None else _build(row)

    async def visible(self, build: str, scope: Scope) -> Build | None:
        """The build with that id, if the scope holds it."""
        row = (
            await self._db.execute(sa.select(*_COLUMNS).where(builds.c.id == build, *_inside(scope)))
        ).first()
        return None if row is None else _build(row)

    async def page(self, scope: Scope, wanted: Filter, page: Page) -> tuple[list[sa.RowMapping], int]:
        """One page of summaries, newest first, and how many builds the list has in all."""
        matching = _matching(scope, wanted)
        counting = sa.select(sa.func.count()).select_from(builds).where(*matching).correlate(None)
        # One statement, so that the number is that of the list whose page this is.
        query = sa.select(*_SUMMARY, counting.scalar_subquery().label("total")).where(*matching)
        newest = (builds.c.created_at.desc(), builds.c.id.desc())
        found = await self._db.execute(query.order_by(*newest).limit(page.limit).offset(page.offset))
        rows = [row._mapping for row in found]
        if rows or page.offset == 0:
            return rows, rows[0]["total"] if rows else 0
        return [], (await self._db.execute(counting)).scalar_one()

    async def count_all(self) -> int:
        """How many builds there are in all lists together."""
        query = sa.select(sa.func.count()).select_from(builds).where(builds.c.deleted_at.is_(None))
        return (await self._db.execute(query)).scalar_one()

    async def summaries(self, *, after: str, limit: int) -> list[sa.RowMapping]:
        """So many summaries of all builds there are, by id, from the one that comes after that id."""
        query = sa.select(*_SUMMARY).where(builds.c.id > after, builds.c.deleted_at.is_(None))
        found = await self._db.execute(query.order_by(builds.c.id).limit(limit))
        return [row._mapping for row in found]

    async def summaries_of(self, ids: Iterable[str]) -> list[sa.RowMapping]:
        """The summaries of those of the builds that lists show."""
        query = sa.select(*_SUMMARY).where(builds.c.id.in_(ids), builds.c.deleted_at.is_(None))
        return [row._mapping for row in await self._db.execute(query)]

    async def states(self, ids: Collection[str]) -> dict[str, State]:
        """The states of those of the builds that are there."""
        wanted, found = sorted(ids), dict[str, State]()
        for at in range(0, len(wanted), IDS_AT_ONCE):
            query = sa.select(builds.c.id, builds.c.state).where(
                builds.c.id.in_(wanted[at : at + IDS_AT_ONCE]), builds.c.deleted_at.is_(None)
            )
            found |= {row.id: State(row.state) for row in await self._db.execute(query)}
        return found

    async def change(self, build: str, *, expected: Iterable[State], **values: Any) -> bool:
        """Change a build that is in one of the expected states; tells whether it was."""
        self.touched.add(build)
        states = [state.value for state in expected]
        changed = await self._db.execute(
            builds.update()
            .where(builds.c.id == build, builds.c.state.in_(states), builds.c.deleted_at.is_(None))
            .values(
                **{key: value.value if isinstance(value, State) else value for key, value in values.items()}
            )
        )
        return changed.rowcount == 1

    async def enqueue(self, build: str, *, now: datetime) -> bool:
        """Queue a draft; tells whether it was one."""
        self.touched.add(build)
        queued = await self._db.execute(
            builds.update()
            .where(
                builds.c.id == build,
                builds.c.state == State.PENDING.value,
                builds.c.queued_at.is_(None),
                builds.c.deleted_at.is_(None),
            )
            .values(queued_at=now)
        )
        return queued.rowcount == 1

    async def waiting(self, node: str) -> tuple[list[Waiting], dict[str, datetime]]:
        """The queue of a node, and when each of its owners last had a build started."""
        queued = (
            builds.c.node == node,
            builds.c.state == State.PENDING.value,
            builds.c.queued_at.is_not(None),
            builds.c.deleted_at.is_(None),
        )
        queue = await self._db.execute(
            sa.select(builds.c.id, builds.c.owner_id, builds.c.queued_at).where(*queued)
        )
        waiting = [Waiting(row.id, row.owner_id, row.queued_at) for row in queue]
        # The latest of each owner by itself: an index has it, and the others need not be looked at.
        owners = sa.select(builds.c.owner_id).where(*queued).distinct().subquery()
        latest = sa.func.max(builds.c.started_at, type_=builds.c.started_at.type)
        theirs = sa.select(latest).where(builds.c.owner_id == owners.c.owner_id).scalar_subquery()
        served = await self._db.execute(sa.select(owners.c.owner_id, theirs))
        return waiting, {owner: started for owner, started in served if started is not None}

    async def in_state(self, node: str, state: State) -> list[Build]:
        """The node's builds in that state."""
        query = sa.select(*_COLUMNS).where(
            builds.c.node == node, builds.c.state == state.value, builds.c.deleted_at.is_(None)
        )
        return [_build(row) for row in await self._db.execute(query)]

    async def results(self, build: Build, fingerprint: str, *, since: datetime, limit: int) -> list[Build]:
        """The newest results of the same inputs that the build's owner has, made after that time."""
        query = sa.select(*_COLUMNS).where(
            builds.c.fingerprint == fingerprint,
            builds.c.built_at > since,
            builds.c.tenant_id == build.tenant_id,
            builds.c.owner_id == build.owner_id,
            builds.c.node == build.node,
            builds.c.state == State.SUCCESS.value,
            builds.c.image_id.is_not(None),
            builds.c.deleted_at.is_(None),
        )
        newest = (builds.c.built_at.desc(), builds.c.id.desc())
        return [_build(row) for row in await self._db.execute(query.order_by(*newest).limit(limit))]

    async def last_of_package(self, build: Build) -> Build | None:
        """The newest result of a spec that the build's owner has under its name and level."""
        query = sa.select(*_COLUMNS).where(
            builds.c.tenant_id == build.tenant_id,
            builds.c.owner_id == build.owner_id,
            builds.c.name == build.name,
            builds.c.optimize == build.optimize.value,
            builds.c.node == build.node,
            builds.c.state == State.SUCCESS.value,
            builds.c.spec_content.is_not(None),
            builds.c.deleted_at.is_(None),
        )
        newest = (builds.c.created_at.desc(), builds.c.id.desc())
        row = (await self._db.execute(query.order_by(*newest).limit(1))).first()
        return None if row is None else _build(row)

    async def deleted(self, node: str) -> list[Build]:
        """The node's builds that are on their way out."""
        query = sa.select(*_COLUMNS).where(builds.c.node == node, builds.c.deleted_at.is_not(None))
        return [_build(row) for row in await self._db.execute(query)]

    async def remove(self, build: str) -> None:
        """Forget a build for good."""
        self.touched.add(build)
        await self._db.execute(builds.delete().where(builds.c.id == build))

    async def ids_of(self, node: str) -> set[str]:
        """All builds of the node."""
        return set((await self._db.execute(sa.select(builds.c.id).where(builds.c.node == node))).scalars())

    async def count_by_state(self) -> dict[str, int]:
        """How many builds there are in each state."""
        query = (
            sa.select(builds.c.state, sa.func.count())
            .where(builds.c.deleted_at.is_(None))
            .group_by(builds.c.state)
        )
        return {row[0]: row[1] for row in await self._db.execute(query)}

    async def set_artifacts(self, build: str, found: Iterable[Artifact]) -> None:
        """Store what the build made, instead of what an earlier attempt made."""
        await self._db.execute(artifacts.delete().where(artifacts.c.build_id == build))
        rows = [
            {
                "build_id": build,
                "name": a.name,
                "path": a.path,
                "size": a.size,
                "sha256": a.sha256,
                "rpm": a.rpm,
            }
            for a in found
        ]
        if rows:
            await self._db.execute(artifacts.insert(), rows)

    async def artifacts_of(self, build: str) -> list[Artifact]:
        """What the build made, by name."""
        query = sa.select(artifacts).where(artifacts.c.build_id == build).order_by(artifacts.c.name)
        return [
            Artifact(row.name, row.path, row.size, row.sha256, row.rpm)
            for row in await self._db.execute(query)
        ]


def _inside(scope: Scope) -> list[sa.ColumnElement[bool]]:
    where = [builds.c.tenant_id == scope.tenant, builds.c.deleted_at.is_(None)]
    return where if scope.owner is None else [*where, builds.c.owner_id == scope.owner]


def _matching(scope: Scope, wanted: Filter) -> list[sa.ColumnElement[bool]]:
    where = _inside(scope)
    if wanted.state is not None:
        where.append(builds.c.state == wanted.state.value)
    if wanted.name is not None:
        where.append(builds.c.name.icontains(wanted.name, autoescape=True))
    return where


def _build(row: sa.Row[Any]) -> Build:
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["optimize"] = Level(values["optimize"])
    return Build(**values)

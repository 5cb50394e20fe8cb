"""All SQL of the probes and their results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.packing import Hour
from eulermaker.features.probes.rules import Activity, Span
from eulermaker.features.probes.tables import (
    probe_changes,
    probe_hours,
    probe_journal,
    probe_remedies,
    probe_shards,
    probe_workers,
    probes,
)
from eulermaker.kernel.paging import Page

#: How many rows of old results one transaction removes.
SWEEP_ROWS = 500


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe, as stored; moments of results are milliseconds since 1970, 0 for never."""

    id: str
    tenant_id: str
    owner_id: str
    name: str
    probe_type: str
    container: str | None
    labels: dict[str, str]
    config: dict[str, Any]
    secrets: str | None
    sees_all: bool
    unconfined: bool
    remedy: dict[str, Any] | None
    severity: str
    enabled: bool
    created_at: datetime
    updated_at: datetime
    state_since: datetime
    push_hash: str | None = None
    number: int = 0
    shard: int = 0
    revision: int = 0
    deleted_at: datetime | None = None
    asked_at: int = 0
    pushed_at: int = 0
    pushed: dict[str, Any] | None = None
    suspended: bool = False
    state: Status = Status.UNKNOWN
    successes: int = 0
    failures: int = 0
    last_at: int = 0
    last_status: Status | None = None
    checks: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def activity(self) -> Activity:
        """Whether it checks."""
        if not self.enabled:
            return Activity.PAUSED
        return Activity.SUSPENDED if self.suspended else Activity.ACTIVE


_COLUMNS = [probes.c[field.name] for field in fields(Probe)]
_HOUR = [probe_hours.c[field.name] for field in fields(Hour)]
_SUMS = [
    probe_hours.c[name]
    for name in (
        "hour", "checks", "succeeded", "failed", "last_at", "duration_sum", "duration_min",
        "duration_max", "sketch",
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """Which probes a query may see: those of a tenant, and of one owner unless that is None."""

    tenant: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which probes a list is about; None for any. `labels` are names, or names with values."""

    container: str | None = None
    probe_type: str | None = None
    activity: Activity | None = None
    state: Status | None = None
    name: str | None = None
    labels: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Shard:
    """One share of the probes, and who works on it."""

    shard: int
    revision: int
    holder: str | None
    #: Whether its holder has not let go of it, and was there a moment ago.
    held: bool
    done_until: int


class ProbeStore:
    """Probes inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def add(self, probe: Probe, *, shard_of: Any) -> Probe:
        """Store a new probe; tells it with its number, shard and revision."""
        values = {f.name: _plain(getattr(probe, f.name)) for f in fields(Probe) if f.name != "number"}
        inserted = await self._db.execute(probes.insert().values(values).returning(probes.c.number))
        number = inserted.scalar_one()
        shard = shard_of(number)
        revision = await self._bump(shard)
        await self._db.execute(
            probes.update().where(probes.c.number == number).values(shard=shard, revision=revision)
        )
        found = await self.get(probe.id)
        assert found is not None
        return found

    async def get(self, probe: str) -> Probe | None:
        """The probe with that id, whoever owns it."""
        return await self._one(probes.c.id == probe, probes.c.deleted_at.is_(None))

    async def visible(self, probe: str, scope: Scope) -> Probe | None:
        """The probe with that id, if the scope holds it."""
        return await self._one(probes.c.id == probe, *_inside(scope))

    async def by_numbers(self, numbers: Iterable[int]) -> list[Probe]:
        """The probes with those numbers."""
        query = sa.select(*_COLUMNS).where(probes.c.number.in_(list(numbers)), probes.c.deleted_at.is_(None))
        return [_probe(row) for row in await self._db.execute(query)]

    async def by_push(self, push_hash: str) -> Probe | None:
        """The probe whose heartbeat URL has that hash."""
        return await self._one(probes.c.push_hash == push_hash, probes.c.deleted_at.is_(None))

    async def page(self, scope: Scope, wanted: Filter, page: Page) -> list[Probe]:
        """One page of probes, newest first."""
        newest = (probes.c.created_at.desc(), probes.c.number.desc())
        query = sa.select(*_COLUMNS).where(*self._matching(scope, wanted)).order_by(*newest)
        return [_probe(row) for row in await self._db.execute(query.limit(page.limit).offset(page.offset))]

    async def count(self, scope: Scope, wanted: Filter) -> int:
        """How many probes a list has in all."""
        query = sa.select(sa.func.count()).select_from(probes).where(*self._matching(scope, wanted))
        return (await self._db.execute(query)).scalar_one()

    async def count_of_owner(self, owner: str) -> int:
        """How many probes somebody has."""
        query = sa.select(sa.func.count()).select_from(probes)
        query = query.where(probes.c.owner_id == owner, probes.c.deleted_at.is_(None))
        return (await self._db.execute(query)).scalar_one()

    async def count_by_state(self) -> dict[tuple[bool, bool, str], int]:
        """How many probes there are by whether they are enabled and suspended, and by state."""
        by = (probes.c.enabled, probes.c.suspended, probes.c.state)
        query = sa.select(*by, sa.func.count()).where(probes.c.deleted_at.is_(None)).group_by(*by)
        return {(bool(row[0]), bool(row[1]), row[2]): row[3] for row in await self._db.execute(query)}

    async def change(self, probe: Probe, **values: Any) -> bool:
        """Change a probe so that its process learns of it; tells whether it is still there."""
        revision = await self._bump(probe.shard)
        changed = await self._db.execute(
            probes.update()
            .where(probes.c.number == probe.number, probes.c.deleted_at.is_(None))
            .values(revision=revision, **{name: _plain(value) for name, value in values.items()})
        )
        return changed.rowcount == 1

    async def changed_since(self, shard: int, revision: int) -> list[Probe]:
        """The shard's probes that have changed after that revision, those on their way out among them."""
        query = sa.select(*_COLUMNS).where(probes.c.shard == shard, probes.c.revision > revision)
        return [_probe(row) for row in await self._db.execute(query)]

    async def set_states(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store what is known of probes; each row has `number_` and columns."""
        if not rows:
            return
        statement = probes.update().where(probes.c.number == sa.bindparam("number_"))
        names = [name for name in rows[0] if name != "number_"]
        await self._db.execute(statement.values({n: sa.bindparam(n) for n in names}), list(rows))

    async def add_totals(self, totals: Mapping[int, tuple[int, int, int]]) -> None:
        """Count results that have left the journal: all, successes and failures of each probe."""
        statement = (
            probes.update()
            .where(probes.c.number == sa.bindparam("number_"))
            .values(
                checks=probes.c.checks + sa.bindparam("all_"),
                succeeded=probes.c.succeeded + sa.bindparam("succeeded_"),
                failed=probes.c.failed + sa.bindparam("failed_"),
            )
        )
        rows = [
            {"number_": number, "all_": checks, "succeeded_": succeeded, "failed_": failed}
            for number, (checks, succeeded, failed) in totals.items()
        ]
        if rows:
            await self._db.execute(statement, rows)

    async def numbers(self, shard: int) -> list[int]:
        """The shard's probes."""
        query = sa.select(probes.c.number).where(probes.c.shard == shard, probes.c.deleted_at.is_(None))
        return list((await self._db.execute(query)).scalars())

    async def deleted(self, *, limit: int) -> list[int]:
        """Probes that are on their way out."""
        query = sa.select(probes.c.number).where(probes.c.deleted_at.is_not(None)).limit(limit)
        return list((await self._db.execute(query)).scalars())

    async def remove(self, number: int) -> bool:
        """Forget a deleted probe for good, a bounded part at a time; tells whether nothing is left."""
        hours = (
            sa.select(probe_hours.c.hour).where(probe_hours.c.number == number).limit(SWEEP_ROWS)
        ).scalar_subquery()
        gone = await self._db.execute(
            probe_hours.delete().where(probe_hours.c.number == number, probe_hours.c.hour.in_(hours))
        )
        if gone.rowcount == SWEEP_ROWS:
            return False
        await self._db.execute(probe_changes.delete().where(probe_changes.c.number == number))
        await self._db.execute(probe_remedies.delete().where(probe_remedies.c.number == number))
        await self._db.execute(probes.delete().where(probes.c.number == number))
        return True

    async def _one(self, *where: sa.ColumnElement[bool]) -> Probe | None:
        row = (await self._db.execute(sa.select(*_COLUMNS).where(*where))).first()
        return None if row is None else _probe(row)

    async def _bump(self, shard: int) -> int:
        """Count a change of the shard; until the end of the transaction nobody else can."""
        bumped = await self._db.execute(
            probe_shards.update()
            .where(probe_shards.c.shard == shard)
            .values(revision=probe_shards.c.revision + 1)
            .returning(probe_shards.c.revision)
        )
        return int(bumped.scalar_one())

    def _matching(self, scope: Scope, wanted: Filter) -> list[sa.ColumnElement[bool]]:
        where = _inside(scope)
        if wanted.container is not None:
            where.append(probes.c.container == wanted.container)
        if wanted.probe_type is not None:
            where.append(probes.c.probe_type == wanted.probe_type)
        if wanted.state is not None:
            where.append(probes.c.state == wanted.state.value)
        if wanted.name is not None:
            where.append(probes.c.name.icontains(wanted.name, autoescape=True))
        match wanted.activity:
            case Activity.PAUSED:
                where.append(probes.c.enabled.is_(False))
            case Activity.SUSPENDED:
                where += [probes.c.enabled.is_(True), probes.c.suspended.is_(True)]
            case Activity.ACTIVE:
                where += [probes.c.enabled.is_(True), probes.c.suspended.is_(False)]
            case None:
                pass
        return where + [self._labelled(name, value) for name, value in wanted.labels]

    def _labelled(self, name: str, value: str | None) -> sa.ColumnElement[bool]:
        # Both databases compare what a key holds as text; names may hold any character.
        if self._db.dialect.name == "sqlite":
            held = sa.func.json_extract(probes.c.labels, "$." + _quoted(name))
        else:
            held = sa.func.json_extract_path_text(probes.c.labels, name)
        return held.is_not(None) if value is None else held == value


class ShareStore:
    """Who works on which share of the probes, inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection
        self._now: sa.ColumnElement[float] = (
            sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)", sa.Double)
            if connection.dialect.name == "sqlite"
            else sa.literal_column("extract(epoch from clock_timestamp())::double precision", sa.Double)
        )

    async def greet(self, holder: str, *, seconds: float) -> int:
        """Say that a process is there for so long; tells how many are."""
        renewed = await self._db.execute(
            probe_workers.update().where(probe_workers.c.holder == holder).values(until=self._now + seconds)
        )
        if renewed.rowcount == 0:
            row = probe_workers.insert().from_select(
                ["holder", "until", "batch"],
                sa.select(sa.literal(holder), self._now + seconds, sa.literal(0)),
            )
            await self._db.execute(row)
        # Long enough for a batch whose commit was uncertain to be recognised.
        await self._db.execute(probe_workers.delete().where(probe_workers.c.until < self._now - 3600))
        there = sa.select(sa.func.count()).select_from(probe_workers).where(probe_workers.c.until > self._now)
        return (await self._db.execute(there)).scalar_one()

    async def lock(self) -> None:
        """Nobody else changes any share before the end of the transaction.

        Row by row in one order: two processes that renewed and claimed in an order of their own would
        wait for each other.
        """
        await self._db.execute(
            sa.select(probe_shards.c.shard).order_by(probe_shards.c.shard).with_for_update()
        )

    async def renew(self, holder: str, *, seconds: float) -> None:
        """Hold on to what the process holds for so long from now."""
        await self._db.execute(
            probe_shards.update().where(probe_shards.c.holder == holder).values(until=self._now + seconds)
        )

    async def all(self) -> list[Shard]:
        """Every shard."""
        held = sa.and_(probe_shards.c.holder.is_not(None), probe_shards.c.until > self._now)
        query = sa.select(
            probe_shards.c.shard,
            probe_shards.c.revision,
            probe_shards.c.holder,
            held.label("held"),
            probe_shards.c.done_until,
        )
        return [
            Shard(row.shard, row.revision, row.holder, bool(row.held), row.done_until)
            for row in await self._db.execute(query.order_by(probe_shards.c.shard))
        ]

    async def claim(self, shard: int, holder: str, *, seconds: float, force: bool) -> bool:
        """Take a shard that nobody holds; tells whether nobody did.

        With `force` it is taken from whoever holds it: from an earlier life of the only process.
        """
        free = sa.or_(probe_shards.c.holder.is_(None), probe_shards.c.until <= self._now, sa.literal(force))
        claimed = await self._db.execute(
            probe_shards.update()
            .where(probe_shards.c.shard == shard, free)
            .values(holder=holder, until=self._now + seconds)
        )
        return claimed.rowcount == 1

    async def release(self, shards: Iterable[int], holder: str, *, done_until: int) -> None:
        """Let go of shards."""
        await self._db.execute(
            probe_shards.update()
            .where(probe_shards.c.shard.in_(list(shards)), probe_shards.c.holder == holder)
            .values(holder=None, until=0.0, done_until=done_until)
        )

    async def leave(self, holder: str) -> None:
        """Say that a process is gone."""
        await self._db.execute(
            probe_workers.update().where(probe_workers.c.holder == holder).values(until=0.0)
        )

    async def held_by(self, holder: str) -> set[int]:
        """What nobody has taken from a process; nobody can before the end of the transaction."""
        query = sa.select(probe_shards.c.shard).where(probe_shards.c.holder == holder)
        query = query.order_by(probe_shards.c.shard).with_for_update(read=True)
        return set((await self._db.execute(query)).scalars())

    async def begin_batch(self, holder: str, batch: int) -> bool:
        """Count a batch of results; tells whether it is not known yet."""
        counted = await self._db.execute(
            probe_workers.update()
            .where(probe_workers.c.holder == holder, probe_workers.c.batch < batch)
            .values(batch=batch)
        )
        return counted.rowcount == 1

    async def others(self, holder: str) -> list[str]:
        """The other processes that are there."""
        query = sa.select(probe_workers.c.holder).where(
            probe_workers.c.until > self._now, probe_workers.c.holder != holder
        )
        return list((await self._db.execute(query)).scalars())


class ResultStore:
    """Results, changes and remedies inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def append(self, holder: str, by_shard: Mapping[int, bytes]) -> None:
        """Add entries to the journal."""
        rows = [{"shard": shard, "holder": holder, "data": data} for shard, data in by_shard.items()]
        if rows:
            await self._db.execute(probe_journal.insert(), rows)

    async def journal(self, shard: int) -> tuple[list[bytes], int]:
        """The journal of a shard, oldest first, and the id of its last row."""
        query = sa.select(probe_journal.c.id, probe_journal.c.data).where(probe_journal.c.shard == shard)
        rows = (await self._db.execute(query.order_by(probe_journal.c.id))).all()
        return [row.data for row in rows], rows[-1].id if rows else 0

    async def drop_journal(self, shard: int, *, until: int) -> None:
        """Remove the rows of a shard's journal that were taken over."""
        await self._db.execute(
            probe_journal.delete().where(probe_journal.c.shard == shard, probe_journal.c.id <= until)
        )

    async def written_by(self, holder: str, after: int) -> list[tuple[int, bytes]]:
        """What a process has written after a row of the journal."""
        query = sa.select(probe_journal.c.id, probe_journal.c.data).where(
            probe_journal.c.holder == holder, probe_journal.c.id > after
        )
        return [(row.id, row.data) for row in await self._db.execute(query.order_by(probe_journal.c.id))]

    async def last_written(self) -> int:
        """The id of the newest row of the journal."""
        return (await self._db.execute(sa.select(sa.func.max(probe_journal.c.id)))).scalar_one() or 0

    async def hours_at(self, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Hour]:
        """Hours by number and hour, those that there are."""
        by_hour: dict[int, list[int]] = {}
        for number, hour in keys:
            by_hour.setdefault(hour, []).append(number)
        found: dict[tuple[int, int], Hour] = {}
        for hour, numbers in by_hour.items():
            query = sa.select(probe_hours.c.number, *_HOUR).where(
                probe_hours.c.number.in_(numbers), probe_hours.c.hour == hour
            )
            for row in await self._db.execute(query):
                found[row.number, hour] = Hour(*row[1:])
        return found

    async def put_hours(self, hours: Sequence[tuple[int, Hour]]) -> None:
        """Store hours, over what there was of them."""
        if not hours:
            return
        insert = sqlite.insert if self._db.dialect.name == "sqlite" else postgresql.insert
        names = [field.name for field in fields(Hour)]
        row = insert(probe_hours)
        statement = row.on_conflict_do_update(
            index_elements=[probe_hours.c.number, probe_hours.c.hour],
            set_={name: row.excluded[name] for name in names if name != "hour"},
        )
        values = [
            {"number": number, **{name: getattr(hour, name) for name in names}} for number, hour in hours
        ]
        await self._db.execute(statement, values)

    async def hours_before(self, number: int, hour: int, *, since: int, limit: int) -> list[Hour]:
        """A probe's hours up to and with one, newest first, not before another."""
        query = sa.select(*_HOUR).where(
            probe_hours.c.number == number, probe_hours.c.hour <= hour, probe_hours.c.hour >= since
        )
        rows = await self._db.execute(query.order_by(probe_hours.c.hour.desc()).limit(limit))
        return [Hour(*row) for row in rows]

    async def sums(self, number: int, *, since: int, until: int) -> list[Hour]:
        """What a probe's hours sum up to, oldest first, without their results."""
        query = sa.select(*_SUMS).where(
            probe_hours.c.number == number, probe_hours.c.hour >= since, probe_hours.c.hour <= until
        )
        return [Hour(*row) for row in await self._db.execute(query.order_by(probe_hours.c.hour))]

    async def count(self, number: int, *, since: int, until: int) -> tuple[int, int, int]:
        """How many results a probe has in hours that have them raw: all, successes and failures."""
        sums = [sa.func.sum(probe_hours.c[name]) for name in ("checks", "succeeded", "failed")]
        query = sa.select(*sums).where(
            probe_hours.c.number == number,
            probe_hours.c.hour >= since,
            probe_hours.c.hour <= until,
            probe_hours.c.data.is_not(None),
        )
        row = (await self._db.execute(query)).one()
        return row[0] or 0, row[1] or 0, row[2] or 0

    async def raw_before(self, number: int, hour: int, *, limit: int) -> list[Hour]:
        """A probe's hours before one that still have their results."""
        query = sa.select(*_HOUR).where(
            probe_hours.c.number == number, probe_hours.c.hour < hour, probe_hours.c.data.is_not(None)
        )
        return [Hour(*row) for row in await self._db.execute(query.order_by(probe_hours.c.hour).limit(limit))]

    async def oldest(self, number: int) -> int | None:
        """The first hour that is known of a probe."""
        query = sa.select(sa.func.min(probe_hours.c.hour)).where(probe_hours.c.number == number)
        found: int | None = (await self._db.execute(query)).scalar_one()
        return found

    async def forget(self, number: int, *, minutes_before: int, hours_before: int) -> None:
        """Remove a probe's minutes and hours that were kept long enough."""
        await self._db.execute(
            probe_hours.update()
            .where(
                probe_hours.c.number == number,
                probe_hours.c.hour < minutes_before,
                probe_hours.c.minutes.is_not(None),
            )
            .values(minutes=None)
        )
        await self._db.execute(
            probe_hours.delete().where(probe_hours.c.number == number, probe_hours.c.hour < hours_before)
        )
        await self._db.execute(
            probe_changes.delete().where(
                probe_changes.c.number == number, probe_changes.c.at < hours_before * 3_600_000
            )
        )

    async def add_changes(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Record changes of state."""
        if rows:
            await self._db.execute(probe_changes.insert(), list(rows))

    async def changes(self, number: int, *, limit: int) -> list[sa.RowMapping]:
        """A probe's last changes of state, newest first."""
        query = sa.select(probe_changes).where(probe_changes.c.number == number)
        rows = await self._db.execute(query.order_by(probe_changes.c.at.desc()).limit(limit))
        return [row._mapping for row in rows]

    async def spans(self, number: int, *, since: int) -> list[Span]:
        """The states of a probe from a time on, with the one that held then."""
        query = sa.select(probe_changes.c.at, probe_changes.c.after).where(probe_changes.c.number == number)
        before = await self._db.execute(
            query.where(probe_changes.c.at <= since).order_by(probe_changes.c.at.desc()).limit(1)
        )
        later = await self._db.execute(query.where(probe_changes.c.at > since).order_by(probe_changes.c.at))
        return [Span(row.at / 1000, Status(row.after)) for row in [*before, *later]]

    async def begin_remedy(self, number: int, *, at: int, action: str) -> int:
        """Record that something is about to be done; tells the record's id."""
        inserted = await self._db.execute(
            probe_remedies.insert()
            .values(number=number, at=at, action=action, result="started")
            .returning(probe_remedies.c.id)
        )
        return int(inserted.scalar_one())

    async def end_remedy(self, remedy: int, *, result: str) -> None:
        """Record what came of it."""
        await self._db.execute(
            probe_remedies.update().where(probe_remedies.c.id == remedy).values(result=result[:64])
        )

    async def remedies(self, number: int, *, limit: int) -> list[sa.RowMapping]:
        """What was last done about a probe, newest first."""
        query = sa.select(probe_remedies).where(probe_remedies.c.number == number)
        rows = await self._db.execute(query.order_by(probe_remedies.c.at.desc()).limit(limit))
        return [row._mapping for row in rows]


def _inside(scope: Scope) -> list[sa.ColumnElement[bool]]:
    where = [probes.c.tenant_id == scope.tenant, probes.c.deleted_at.is_(None)]
    return where if scope.owner is None else [*where, probes.c.owner_id == scope.owner]


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Status) else value


def _probe(row: sa.Row[Any]) -> Probe:
    values = dict(row._mapping)
    values["state"] = Status(values["state"])
    values["last_status"] = None if values["last_status"] is None else Status(values["last_status"])
    return Probe(**values)

"""All SQL of alerts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.alerts.rules import Track
from eulermaker.features.alerts.schemas import AlertStatus, Event, Severity
from eulermaker.features.alerts.tables import alert_events, alert_tracks, alerts
from eulermaker.kernel.paging import Page

SWEEP_ROWS = 500
MAX_EVENTS = 100
#: SQLite takes 32,766 values in one statement; a track has twenty.
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A probe as alerts know it, and the alert that is open, or was last."""

    probe_id: str
    tenant_id: str
    owner_id: str
    name: str
    container_id: str | None
    labels: Mapping[str, str]
    severity: Severity
    details: Mapping[str, Any]
    track: Track = field(default_factory=Track)
    alert_id: str | None = None
    opened_at: datetime | None = None
    version: int = 0
    due_at: datetime | None = None


@dataclass(slots=True)
class Writes:
    """What a step changes, gathered for a few statements."""

    tracks: dict[str, Known] = field(default_factory=dict)
    opened: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class AlertStore:
    """Alerts inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def known(self, probes: Collection[str]) -> dict[str, Known]:
        """What is known of the probes, by id; nobody else changes it before the transaction ends."""
        wanted, found = sorted(probes), dict[str, Known]()
        for at in range(0, len(wanted), ROWS_AT_ONCE):
            part = wanted[at : at + ROWS_AT_ONCE]
            query = alert_tracks.select().where(alert_tracks.c.probe_id.in_(part))
            rows = await self._db.execute(query.order_by(alert_tracks.c.probe_id).with_for_update())
            found |= {row.probe_id: _known(row) for row in rows}
        return found

    async def due(self, *, now: datetime, limit: int) -> list[str]:
        """The probes that have to be looked at."""
        query = sa.select(alert_tracks.c.probe_id).where(alert_tracks.c.due_at <= now)
        return list(await self._db.scalars(query.order_by(alert_tracks.c.due_at).limit(limit)))

    async def write(self, writes: Writes) -> None:
        """Store what a step has changed."""
        if writes.tracks:
            # In one order, so that two processes never wait for each other's rows.
            await self._put_tracks([_row(writes.tracks[probe]) for probe in sorted(writes.tracks)])
        if writes.opened:
            await self._db.execute(alerts.insert(), writes.opened)
        for names, rows in _alike(writes.changed).items():
            update = alerts.update().where(alerts.c.id == sa.bindparam("id_"))
            await self._db.execute(update.values({name: sa.bindparam(f"{name}_") for name in names}), rows)
        if writes.events:
            await self._db.execute(alert_events.insert(), [_event_row(event) for event in writes.events])

    async def _put_tracks(self, rows: Sequence[dict[str, Any]]) -> None:
        insert = sqlite.insert if self._db.dialect.name == "sqlite" else postgresql.insert
        statement = insert(alert_tracks)
        await self._db.execute(
            statement.on_conflict_do_update(
                index_elements=[alert_tracks.c.probe_id],
                set_={name: statement.excluded[name] for name in rows[0] if name != "probe_id"},
            ),
            rows,
        )

    async def drop(self, probe: str) -> None:
        """Forget a probe."""
        await self._db.execute(alert_tracks.delete().where(alert_tracks.c.probe_id == probe))

    async def alert(self, identifier: str) -> sa.Row[Any] | None:
        """The alert of that id."""
        return (await self._db.execute(alerts.select().where(alerts.c.id == identifier))).first()

    async def page(
        self,
        *,
        tenant: str,
        owner: str | None,
        statuses: Collection[AlertStatus],
        probe: str | None,
        severity: Severity | None,
        page: Page,
    ) -> tuple[Sequence[sa.Row[Any]], int]:
        """Alerts, newest first, and how many there are."""
        wanted = [alerts.c.tenant_id == tenant]
        if owner is not None:
            wanted.append(alerts.c.owner_id == owner)
        if statuses:
            wanted.append(alerts.c.status.in_(statuses))
        if probe is not None:
            wanted.append(alerts.c.probe_id == probe)
        if severity is not None:
            wanted.append(alerts.c.severity == severity.value)
        query = alerts.select().where(*wanted).order_by(alerts.c.opened_at.desc(), alerts.c.id.desc())
        rows = await self._db.execute(query.limit(page.limit).offset(page.offset))
        total = await self._db.scalar(sa.select(sa.func.count()).select_from(alerts).where(*wanted))
        return rows.all(), total or 0

    async def events_of(self, alert: str) -> list[Event]:
        """What happened to an alert, oldest first; the latest hundred."""
        query = alert_events.select().where(alert_events.c.alert_id == alert)
        rows = await self._db.execute(query.order_by(alert_events.c.seq.desc()).limit(MAX_EVENTS))
        return [_event(row) for row in rows][::-1]

    async def last_seq(self) -> int:
        """The number of the newest event."""
        return await self._db.scalar(sa.select(sa.func.max(alert_events.c.seq))) or 0

    async def events_after(self, seq: int, *, also: Collection[int], limit: int) -> list[Event]:
        """Events with higher numbers, and those of the numbers that were missing, in their order."""
        wanted = (
            sa.or_(alert_events.c.seq > seq, alert_events.c.seq.in_(also))
            if also
            else alert_events.c.seq > seq
        )
        rows = await self._db.execute(
            alert_events.select().where(wanted).order_by(alert_events.c.seq).limit(limit)
        )
        return [_event(row) for row in rows]

    async def forget(self, *, before: datetime) -> int:
        """Delete alerts that were resolved before that with their events, a bounded number of them."""
        query = sa.select(alerts.c.id).where(alerts.c.resolved_at < before)
        old = list(await self._db.scalars(query.order_by(alerts.c.resolved_at).limit(SWEEP_ROWS)))
        if old:
            await self._db.execute(alert_events.delete().where(alert_events.c.alert_id.in_(old)))
            await self._db.execute(alerts.delete().where(alerts.c.id.in_(old)))
        return len(old)


def _alike(changed: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """The changes of many rows, by the columns that they set."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for identifier, values in changed.items():
        row = {"id_": identifier, **{f"{name}_": value for name, value in values.items()}}
        found.setdefault(tuple(values), []).append(row)
    return found


_TRACK = [one.name for one in fields(Track) if one.name != "changes"]
_REST = [one.name for one in fields(Known) if one.name != "track"]


def _known(row: sa.Row[Any]) -> Known:
    track = Track(
        **{name: getattr(row, name) for name in _TRACK},
        changes=tuple(datetime.fromtimestamp(moment, UTC) for moment in row.changes),
    )
    values = {name: getattr(row, name) for name in _REST}
    return Known(**{**values, "severity": Severity(row.severity)}, track=track)


def _row(known: Known) -> dict[str, Any]:
    return {
        **{name: getattr(known, name) for name in _REST},
        **{name: getattr(known.track, name) for name in _TRACK},
        "changes": [moment.timestamp() for moment in known.track.changes],
        "severity": known.severity.value,
        "labels": dict(known.labels),
        "details": dict(known.details),
    }


def _event(row: sa.Row[Any]) -> Event:
    return Event(**row._mapping)


def _event_row(event: Event) -> dict[str, Any]:
    return {one.name: getattr(event, one.name) for one in fields(Event) if one.name != "seq"}

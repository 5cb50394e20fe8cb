"""What the rest of the program may ask about alerts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from eulermaker.features.alerts import rules
from eulermaker.features.alerts.faults import ALERT_NOT_FOUND, ALERT_STATE_CONFLICT
from eulermaker.features.alerts.feed import Feed
from eulermaker.features.alerts.rules import Policy, Told, Track
from eulermaker.features.alerts.schemas import (
    AlertDetail,
    AlertEvent,
    AlertStatus,
    AlertSummary,
    Event,
    EventKind,
    Severity,
    StateChange,
)
from eulermaker.features.alerts.store import AlertStore, Known, Writes
from eulermaker.features.audit.service import Audit
from eulermaker.features.notifications.rules import Window, may_name, silent_until
from eulermaker.features.notifications.schemas import Announcement
from eulermaker.features.notifications.schemas import EventKind as AnnouncedKind
from eulermaker.features.notifications.service import NOTIFICATIONS, Notifications
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock, rfc3339
from eulermaker.kernel.database import Database
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.ownership import OWNER, TENANT
from eulermaker.kernel.paging import Page
from eulermaker.kernel.settings import Alerts as Settings
from eulermaker.kernel.supervise import Nudge, whenever
from eulermaker.kernel.telemetry import Metrics

log = structlog.get_logger("eulermaker.alerts")

LOOK_SECONDS = 1.0
AT_ONCE = 200
#: A maintenance window that is ended early is noticed within this time.
SILENCE_LOOK = timedelta(seconds=60)
MAX_DETAILS = 4096
MAX_ERROR = 1000

Resolution = Literal["recovery", "hand", "removal"]
_ANNOUNCED: Mapping[Told, AnnouncedKind] = {"ok": "resolved", "firing": "firing", "flapping": "flapping"}


class Alerts:
    """Alerts of probes, and who hears of them."""

    def __init__(
        self,
        database: Database,
        notifications: Notifications,
        audit: Audit,
        *,
        settings: Settings,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._database = database
        self._notifications = notifications
        self._audit = audit
        self._keep = timedelta(days=settings.keep_days)
        self._metrics = metrics
        self._clock = clock
        self._nudge = Nudge()
        self._policy = Policy(
            cooldown=timedelta(seconds=settings.cooldown_seconds),
            window=timedelta(seconds=settings.flap_window_seconds),
            start=settings.flap_start,
            stop=settings.flap_stop,
        )
        self.feed = Feed(database)

    async def observe(self, session: AsyncConnection, change: StateChange) -> None:
        """Take note of a probe's change, inside the transaction that stores it.

        `session` is the connection of `Database.write()`. With the transaction the alert and its
        notifications are there or not; nothing is sent before it is committed.
        """
        await self.observe_all(session, [change])

    async def observe_all(self, session: AsyncConnection, changes: Sequence[StateChange]) -> None:
        """Take note of many changes, in their order, in a few statements."""
        told = [change for change in changes if change.after != "unknown"]
        if not told:
            return
        known = await AlertStore(session).known({change.probe for change in told})
        step = await self._step(session, {change.tenant_id for change in told}, now=told[-1].at)
        for change in told:
            now = _now_known(known.get(change.probe), change)
            after = rules.changed(
                now.track, failing=change.after == "failure", at=change.at, policy=self._policy
            )
            if change.probe in known or after != now.track:
                known[change.probe] = step.shift(now, after, at=change.at)
        await self._store(session, step)

    async def forget(self, session: AsyncConnection, probe: str) -> None:
        """End what is known of a probe that is being deleted; its open alert is resolved."""
        store = AlertStore(session)
        known = (await store.known([probe])).get(probe)
        if known is None:
            return
        now = self._clock()
        step = await self._step(session, [known.tenant_id], now=now)
        gone = replace(known.track, failing=False, flapping=False, dismissed=False, acknowledged=False)
        step.shift(known, gone, at=now, resolution="removal")
        await self._store(session, step)
        await store.drop(probe)

    def wake(self) -> None:
        """Send at once what was committed just now; without it the same happens within a second."""
        self._notifications.wake()
        self.feed.wake()

    async def run(self) -> None:
        """Service: do what becomes due by time alone: cool-downs, flapping, maintenance that ends."""
        await whenever(self._nudge, LOOK_SECONDS, self._look)

    async def sweep(self) -> None:
        """Delete alerts that are older than what is kept."""
        async with self._database.write() as connection:
            await AlertStore(connection).forget(before=self._clock() - self._keep)

    async def page(
        self,
        call: Call,
        *,
        statuses: Collection[AlertStatus],
        probe: str | None,
        severity: Severity | None,
        page: Page,
    ) -> tuple[list[AlertSummary], int]:
        """One page of the alerts that the caller may see, newest first, and how many there are."""
        call.require(Permission.NOTIFICATIONS_READ)
        others_too = call.principal.may(Permission.NOTIFICATIONS_READ_ALL)
        async with self._database.read() as connection:
            rows, total = await AlertStore(connection).page(
                tenant=call.principal.tenant,
                owner=None if others_too else call.principal.user,
                statuses=statuses,
                probe=probe,
                severity=severity,
                page=page,
            )
        return [AlertSummary.model_validate(row) for row in rows], total

    async def get(self, call: Call, identifier: str) -> AlertDetail:
        """The alert and what happened to it; raises `alert-not-found`."""
        call.require(Permission.NOTIFICATIONS_READ)
        async with self._database.read() as connection:
            store = AlertStore(connection)
            row = await self._seen(call, store, identifier)
            events = await store.events_of(identifier)
        summary = AlertSummary.model_validate(row)
        shown = [
            AlertEvent(at=e.at, kind=e.kind, by=e.by, details=dict(e.frame.get("details", {})))
            for e in events
        ]
        return AlertDetail(**summary.model_dump(exclude={"events"}), events=shown)

    async def acknowledge(self, call: Call, identifier: str, *, comment: str | None) -> AlertDetail:
        """Say that somebody is at it: no more messages until it is over.

        Raises `alert-not-found` and `alert-state-conflict`.
        """
        now = self._clock()
        async with self._database.write() as connection:
            store = AlertStore(connection)
            known = await self._open(call, store, identifier, action="acknowledge", among=("firing",))
            step = await self._step(connection, [known.tenant_id], now=now)
            step.acknowledge(known, at=now, by=call.principal.username, comment=comment)
            await self._store(connection, step)
        await self._audit.record(call, "alert.acknowledge", resource_type="alert", resource_id=identifier)
        self.wake()
        return await self.get(call, identifier)

    async def resolve(self, call: Call, identifier: str, *, comment: str | None) -> AlertDetail:
        """End the alert; the probe raises another one when it fails again after it was well.

        Raises `alert-not-found` and `alert-state-conflict`.
        """
        now = self._clock()
        async with self._database.write() as connection:
            store = AlertStore(connection)
            among: tuple[AlertStatus, ...] = ("firing", "acknowledged")
            known = await self._open(call, store, identifier, action="resolve", among=among)
            step = await self._step(connection, [known.tenant_id], now=now)
            step.resolve(known, at=now, by=call.principal.username, comment=comment)
            await self._store(connection, step)
        await self._audit.record(call, "alert.resolve", resource_type="alert", resource_id=identifier)
        self.wake()
        return await self.get(call, identifier)

    async def _look(self) -> bool:
        """Look at what is due; tells whether there may be more."""
        now = self._clock()
        async with self._database.read() as connection:
            due = await AlertStore(connection).due(now=now, limit=AT_ONCE)
        if not due:
            return False
        async with self._database.write() as connection:
            found = await AlertStore(connection).known(due)
            # Another process may have been quicker.
            known = [one for one in found.values() if one.due_at is not None and one.due_at <= now]
            step = await self._step(connection, {one.tenant_id for one in known}, now=now)
            for one in known:
                step.shift(one, rules.settled(one.track, now=now, policy=self._policy), at=now)
            await self._store(connection, step)
        self.wake()
        return len(due) == AT_ONCE

    async def _step(self, connection: AsyncConnection, tenants: Collection[str], *, now: datetime) -> "Step":
        windows = await self._notifications.windows(connection, tenants, now=now) if tenants else []
        return Step(windows, self._policy)

    async def _store(self, connection: AsyncConnection, step: "Step") -> None:
        await AlertStore(connection).write(step.writes)
        await self._notifications.announce(connection, step.announcements)
        for event in step.writes.events:
            self._metrics.alerts.labels(event.kind).inc()

    async def _seen(self, call: Call, store: AlertStore, identifier: str) -> Any:
        row = await store.alert(identifier) if may_name(identifier) else None
        if row is None or not NOTIFICATIONS.sees(call, {OWNER: row.owner_id, TENANT: row.tenant_id}):
            details = {"alert_id": identifier, "resource_type": "alert"}
            raise ALERT_NOT_FOUND(alert=identifier, details=details)
        return row

    async def _open(
        self, call: Call, store: AlertStore, identifier: str, *, action: str, among: tuple[AlertStatus, ...]
    ) -> Known:
        """What is known of an open alert's probe, to be changed by the caller."""
        call.require(Permission.NOTIFICATIONS_READ)
        row = await self._seen(call, store, identifier)
        NOTIFICATIONS.require_change(call, {OWNER: row.owner_id, TENANT: row.tenant_id})
        known = (await store.known([row.probe_id])).get(row.probe_id)
        # Read again: the lock on what is known of the probe may have been waited for.
        row = await self._seen(call, store, identifier)
        if row.status not in among or known is None or known.alert_id != identifier:
            details = {
                "alert_id": identifier,
                "resource_type": "alert",
                "state": row.status,
                "action": action,
            }
            raise ALERT_STATE_CONFLICT(alert=identifier, state=row.status, action=action, details=details)
        return known


class Step:
    """What changes in one transaction: alerts, events, and what people are told."""

    def __init__(self, windows: Sequence[Window], policy: Policy) -> None:
        self._windows = windows
        self._policy = policy
        self.writes = Writes()
        self.announcements: list[Announcement] = []

    def shift(
        self,
        known: Known,
        after: Track,
        *,
        at: datetime,
        resolution: Resolution = "recovery",
        by: str | None = None,
    ) -> Known:
        """Move a probe on to the track, and tell what is to be told; returns it as it is then."""
        before = known.track
        known = replace(known, track=after)
        if after.open and not before.open:
            known = self._opened(known, at=at)
        elif before.open and not after.open:
            self._resolved(known, at=at, resolution=resolution, by=by)
        elif after.open and after.flapping != before.flapping:
            self._change(known, flapping=after.flapping)
            self._event(known, "flapping" if after.flapping else "calm", at=at)
        return self._decide(known, at=at, news=after.open != before.open, resolution=resolution, by=by)

    def acknowledge(self, known: Known, *, at: datetime, by: str, comment: str | None) -> None:
        """Somebody is at it."""
        self._change(known, status="acknowledged", acknowledged_at=at, acknowledged_by=by, comment=comment)
        self._event(known, "acknowledged", at=at, by=by, comment=comment)
        self.shift(known, replace(known.track, acknowledged=True), at=at)

    def resolve(self, known: Known, *, at: datetime, by: str, comment: str | None) -> None:
        """A person ends the alert."""
        if comment is not None:
            self._change(known, comment=comment)
        done = replace(known.track, dismissed=True, acknowledged=False)
        self.shift(known, done, at=at, resolution="hand", by=by)

    def _decide(
        self, known: Known, *, at: datetime, news: bool, resolution: Resolution, by: str | None
    ) -> Known:
        silent = silent_until(
            self._windows, tenant=known.tenant_id, owner=known.owner_id, labels=known.labels, now=at
        )
        if silent is not None:
            silent = min(silent, at + SILENCE_LOOK)
        decision = rules.decide(known.track, now=at, silent_until=silent, policy=self._policy)
        known = replace(known, version=known.version + 1, due_at=decision.due_at)
        if decision.tell is not None:
            self._announce(known, decision.tell, at=at, resolution=resolution, by=by)
            self._event(known, "told", at=at, told=_ANNOUNCED[decision.tell])
            known = replace(known, track=rules.told(known.track, decision.tell, now=at))
        elif decision.held and news:
            reason = "maintenance" if silent is not None else "cooldown"
            self._event(known, "held", at=at, reason=reason)
        self.writes.tracks[known.probe_id] = known
        return known

    def _opened(self, known: Known, *, at: datetime) -> Known:
        known = replace(known, alert_id=new_id("alert"), opened_at=at)
        self.writes.opened.append(
            {
                "id": known.alert_id,
                "tenant_id": known.tenant_id,
                "owner_id": known.owner_id,
                "probe_id": known.probe_id,
                "probe_name": known.name,
                "container_id": known.container_id,
                "labels": dict(known.labels),
                "severity": known.severity.value,
                "status": "firing",
                "flapping": known.track.flapping,
                "details": dict(known.details),
                "opened_at": at,
            }
        )
        self._event(known, "opened", at=at)
        return known

    def _resolved(self, known: Known, *, at: datetime, resolution: Resolution, by: str | None) -> None:
        self._change(
            known, status="resolved", resolved_at=at, resolution=resolution, resolved_by=by, flapping=False
        )
        self._event(known, "resolved", at=at, by=by, resolution=resolution)

    def _change(self, known: Known, **values: Any) -> None:
        assert known.alert_id is not None
        self.writes.changed.setdefault(known.alert_id, {}).update(values)

    def _event(
        self, known: Known, kind: EventKind, *, at: datetime, by: str | None = None, **facts: Any
    ) -> None:
        assert known.alert_id is not None
        frame = {
            "type": "alert",
            "event": kind,
            "alert_id": known.alert_id,
            "probe_id": known.probe_id,
            "name": known.name,
            "container_id": known.container_id,
            "labels": dict(known.labels),
            "severity": known.severity.value,
            "timestamp": rfc3339(at),
            "by": by,
            "details": {**known.details, **{name: fact for name, fact in facts.items() if fact is not None}},
        }
        self.writes.events.append(Event(known.alert_id, known.tenant_id, known.owner_id, at, kind, by, frame))

    def _announce(
        self, known: Known, what: Told, *, at: datetime, resolution: Resolution, by: str | None
    ) -> None:
        over = what == "ok"
        self.announcements.append(
            Announcement(
                id=f"{known.probe_id}.{known.version}",
                kind=_ANNOUNCED[what],
                about=known.probe_id,
                tenant_id=known.tenant_id,
                owner_id=known.owner_id,
                severity=known.severity.value,
                labels=known.labels,
                at=at,
                facts={
                    "alert": {
                        "id": known.alert_id,
                        "status": "resolved" if over else "firing",
                        "severity": known.severity.value,
                        "flapping": known.track.flapping,
                        "opened_at": None if known.opened_at is None else rfc3339(known.opened_at),
                        "resolution": resolution if over else None,
                        "resolved_by": by if over else None,
                    },
                    "probe": {
                        "id": known.probe_id,
                        "name": known.name,
                        "container_id": known.container_id,
                        "labels": dict(known.labels),
                    },
                    "details": dict(known.details),
                },
            )
        )


def _now_known(known: Known | None, change: StateChange) -> Known:
    """What is known of the probe, as its change tells it."""
    told = Known(
        probe_id=change.probe,
        tenant_id=change.tenant_id,
        owner_id=change.owner_id,
        name=change.name,
        container_id=change.container_id,
        labels=change.labels,
        severity=change.severity,
        details=_bounded(change.details),
    )
    if known is None:
        return told
    return replace(
        told,
        track=known.track,
        alert_id=known.alert_id,
        opened_at=known.opened_at,
        version=known.version,
        due_at=known.due_at,
    )


def _bounded(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The details; of those that are too large only the error, which is cut."""
    if len(to_json(dict(details))) <= MAX_DETAILS:
        return details
    return {"error": str(details.get("error", ""))[:MAX_ERROR], "truncated": True}

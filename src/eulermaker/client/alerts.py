"""Alerts: what fails now, what has failed, and who is at it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from eulermaker.client.models import Record, parse
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, given, segment


class Alert(Record):
    """A failing probe; `status` is firing, acknowledged or resolved."""

    id: str
    probe_id: str
    probe_name: str
    container_id: str | None = None
    labels: Mapping[str, str] = {}
    severity: str
    status: str
    flapping: bool = False
    opened_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    comment: str | None = None
    resolved_at: datetime | None = None
    resolution: str | None = None
    resolved_by: str | None = None
    details: Mapping[str, Any] = {}


class AlertEvent(Record):
    """Something that happened to an alert; `by` is the person who did it."""

    at: datetime
    kind: str
    by: str | None = None
    details: Mapping[str, Any] = {}


class AlertDetail(Alert):
    """One alert and what happened to it, oldest first."""

    events: tuple[AlertEvent, ...] = ()


class AlertPage(Record):
    alerts: tuple[Alert, ...]
    total: int
    limit: int
    offset: int


class Alerts:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        status: str = "open",
        probe: str | None = None,
        severity: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> AlertPage:
        """One page of alerts, the newest first; `open` are those that are not resolved, `all` are all."""
        filters = given({"status": status, "probe_id": probe, "severity": severity})
        params: dict[str, str | int] = {"limit": limit, "offset": offset, **filters}
        return parse(AlertPage, self._transport.data(Call(method="GET", path=_ALERTS, params=params)))

    def get(self, alert: str) -> AlertDetail:
        """One alert and what happened to it."""
        return parse(AlertDetail, self._transport.data(Call(method="GET", path=_path(alert))))

    def acknowledge(self, alert: str, *, comment: str | None = None) -> AlertDetail:
        """Says that somebody is at it: no more messages until it is over."""
        return self._word(alert, "acknowledge", comment)

    def resolve(self, alert: str, *, comment: str | None = None) -> AlertDetail:
        """Ends the alert; the probe raises another one when it fails again after it was well."""
        return self._word(alert, "resolve", comment)

    def _word(self, alert: str, verb: str, comment: str | None) -> AlertDetail:
        call = Call(method="POST", path=_path(alert, verb), json=given({"comment": comment}))
        return parse(AlertDetail, self._transport.data(call))


_ALERTS = "/notifications/alerts"


def _path(alert: str, *parts: str) -> str:
    return "/".join((_ALERTS, segment(alert), *parts))

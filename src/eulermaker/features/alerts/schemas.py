"""Public shapes of alerts, and what probes tell of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import ShownLabels
from eulermaker.kernel.validation import Text

#: `unknown` is trouble of our own: it neither raises an alert nor resolves one.
ProbeState = Literal["success", "failure", "unknown"]


class Severity(StrEnum):
    """How bad it is when the probe fails."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class StateChange:
    """A probe that has passed its threshold: what it was `before`, and what it is now.

    `details` are those of the check that decided, without secrets: `{"error": …}`.
    """

    probe: str
    name: str
    tenant_id: str
    owner_id: str
    container_id: str | None
    labels: Mapping[str, str]
    severity: Severity
    before: ProbeState
    after: ProbeState
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


AlertStatus = Literal["firing", "acknowledged", "resolved"]
EventKind = Literal["opened", "flapping", "calm", "acknowledged", "resolved", "told", "held"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an alert; `frame` is what listeners are told."""

    alert_id: str
    tenant_id: str
    owner_id: str
    at: datetime
    kind: EventKind
    by: str | None
    frame: Mapping[str, Any]
    seq: int = 0


class AlertSummary(BaseModel):
    """An alert in a list; `status` is `acknowledged` while somebody is at it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    probe_id: str
    probe_name: str
    container_id: str | None
    labels: ShownLabels
    severity: Severity
    status: AlertStatus
    flapping: bool
    opened_at: Time
    acknowledged_at: Time | None
    acknowledged_by: str | None
    comment: str | None
    resolved_at: Time | None
    resolution: Literal["recovery", "hand", "removal"] | None
    resolved_by: str | None
    details: dict[str, Any]


class AlertList(BaseModel):
    """One page of alerts."""

    alerts: list[AlertSummary]
    total: int
    limit: int
    offset: int


class AlertEvent(BaseModel):
    """Something that happened to an alert; `by` is the person who did it."""

    at: Time
    kind: EventKind
    by: str | None
    details: dict[str, Any]


class AlertDetail(AlertSummary):
    """One alert and what happened to it, oldest first; the latest hundred."""

    events: list[AlertEvent]


class Word(BaseModel):
    """What somebody says when taking care of an alert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    comment: Annotated[Text, Field(max_length=1000)] | None = None

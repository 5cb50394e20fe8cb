"""Public shapes of the probes."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eulermaker.features.alerts.schemas import Severity
from eulermaker.features.probes.checks.verdict import Status
from eulermaker.features.probes.config import NEEDS_CONTAINER, ProbeType, ShortText
from eulermaker.features.probes.rules import Activity
from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import Labels
from eulermaker.kernel.validation import Text, refusal

MAX_RESULTS = 1000
DEFAULT_RESULTS = 50

Name = Annotated[Text, Field(min_length=1, max_length=255)]
ContainerReference = Annotated[Text, Field(min_length=1, max_length=128)]
#: Checked by its type's own model, which refuses fields by their names.
RawConfig = Annotated[dict[str, Any], Field(description="The configuration of that type")]
Resolution = Literal["raw", "1m", "1h"]


class RemedySettings(BaseModel):
    """What is done while the probe fails: at once, then again after pauses that double.

    At most `max_attempts` times within `window` seconds; `cooldown` is the first pause.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["restart", "command"]
    #: What runs in the container, with the action `command`.
    command: Annotated[list[ShortText], Field(min_length=1, max_length=100)] | None = None
    grace: Annotated[int, Field(ge=0, le=60)] = 10
    cooldown: Annotated[float, Field(ge=1, le=3600)] = 60
    max_attempts: Annotated[int, Field(ge=1, le=50)] = 5
    window: Annotated[float, Field(ge=60, le=604_800)] = 3600

    @model_validator(mode="after")
    def _command_where_one_runs(self) -> Self:
        if (self.action == "command") != (self.command is not None):
            raise refusal(
                zh="action 为 command 时必须有 command，否则不能有",
                en="A command belongs to the action command",
            )
        return self


class _Definition(BaseModel):
    """What a probe is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    container_id: ContainerReference | None = None
    probe_type: ProbeType
    config: RawConfig

    @model_validator(mode="after")
    def _has_its_container(self) -> Self:
        if self.probe_type in NEEDS_CONTAINER and self.container_id is None:
            raise refusal(
                zh=f"{self.probe_type} 探针必须有 container_id",
                en=f"A probe of type {self.probe_type} needs a container_id",
            )
        return self


class NewProbe(_Definition):
    """A probe to add; without a container it watches the network alone."""

    name: Name
    enabled: bool = True
    labels: Labels = {}
    severity: Severity = Severity.WARNING
    on_failure: RemedySettings | None = None

    @model_validator(mode="after")
    def _acts_on_something(self) -> Self:
        if self.on_failure is not None and self.container_id is None:
            raise refusal(zh="on_failure 需要 container_id", en="on_failure needs a container_id")
        return self


class Trial(_Definition):
    """A configuration to try without adding a probe."""


class ProbeChanges(BaseModel):
    """What to change; fields of `config` are merged into those there are, null goes back to the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    config: RawConfig | None = None
    enabled: bool | None = None
    labels: Labels | None = None
    severity: Severity | None = None
    container_id: ContainerReference | None = None
    on_failure: RemedySettings | None = None


class ProbeRow(BaseModel):
    """A probe in the list.

    `status` tells whether it checks (`suspended`: its container does not run), `state` what is known
    of what it watches, once so many checks in a row have said so as the thresholds want.
    """

    id: str
    container_id: str | None
    probe_type: str
    name: str
    status: Activity
    last_check: Time | None
    last_result: Status | None
    state: Status
    state_since: Time
    enabled: bool
    labels: dict[str, str]
    severity: str
    created_at: Time


class ProbeList(BaseModel):
    """Probes, newest first."""

    probes: list[ProbeRow]
    total: int
    limit: int
    offset: int


class AddedProbe(BaseModel):
    """A probe as it was stored; `push_url` is told once, to whoever made it."""

    id: str
    container_id: str | None
    probe_type: str
    name: str
    status: Activity
    created_at: Time
    config: dict[str, Any]
    enabled: bool
    labels: dict[str, str]
    severity: str
    on_failure: RemedySettings | None
    push_url: str | None = None


class Uptime(BaseModel):
    """The share of the time, in percent, in which the state was `success`; times of `unknown` left out."""

    last_24h: Annotated[float | None, Field(serialization_alias="24h")]
    last_7d: Annotated[float | None, Field(serialization_alias="7d")]
    last_30d: Annotated[float | None, Field(serialization_alias="30d")]


class ResponseTimes(BaseModel):
    """Of the successes of the last 24 hours, in milliseconds; percentiles are right within 2 %."""

    min: float | None
    avg: float | None
    max: float | None
    p50: float | None
    p95: float | None
    p99: float | None


class Statistics(BaseModel):
    """All checks of the probe; the success rate in percent leaves out those of unknown outcome."""

    total_checks: int
    success_count: int
    failure_count: int
    unknown_count: int
    success_rate: float | None
    uptime: Uptime
    response_time: ResponseTimes


class StateChangeRow(BaseModel):
    """A change of the probe's state."""

    at: Time
    before: Status
    after: Status
    details: dict[str, Any]


class RemedyRow(BaseModel):
    """Something that was done about the failing probe."""

    at: Time
    action: str
    result: str


class ProbeDetail(ProbeRow):
    """Everything about one probe."""

    config: dict[str, Any]
    on_failure: RemedySettings | None
    updated_at: Time
    statistics: Statistics
    changes: list[StateChangeRow]
    remedies: list[RemedyRow]


class ResultRow(BaseModel):
    """One check; `response_time` in milliseconds."""

    timestamp: Time
    status: Status
    response_time: float
    details: dict[str, Any]


class RollUp(BaseModel):
    """The checks of a minute or an hour; times of the successes, in milliseconds."""

    timestamp: Time
    checks: int
    success_count: int
    failure_count: int
    uptime: float | None
    min: float | None
    avg: float | None
    max: float | None
    p95: float | None


class ProbeResults(BaseModel):
    """Results, newest first; `next_cursor` asks for those before the last one."""

    results: list[ResultRow]
    total: int
    next_cursor: str | None


class RolledUpResults(BaseModel):
    """Sums by minute or by hour, newest first."""

    results: list[RollUp]
    total: int
    next_cursor: str | None


class Checked(BaseModel):
    """How a check went; `recorded` tells whether it counts among the probe's results."""

    timestamp: Time
    status: Status
    response_time: float
    details: dict[str, Any]
    recorded: bool


class PushUrl(BaseModel):
    """Where heartbeats go; it is not told again."""

    push_url: str


class Heartbeat(BaseModel):
    """What a heartbeat may tell besides that it came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["success", "failure"] = "success"
    message: Annotated[Text, Field(max_length=500)] = ""
    #: How long the job took, in milliseconds.
    duration: Annotated[float, Field(ge=0, le=86_400_000)] = 0.0

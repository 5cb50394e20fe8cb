"""What the system's routes show and take."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
)

from eulermaker.features.system.maintenance import MaintenanceType
from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.validation import Text, refusal

MAX_MESSAGE = 500
Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]


class ComponentHealth(BaseModel):
    """The state of one component."""

    status: Literal["healthy", "degraded", "unhealthy", "disabled"]
    message: str


class SystemHealth(BaseModel):
    """The state of the whole."""

    status: Literal["healthy", "degraded", "unhealthy"]
    checks: dict[str, ComponentHealth]
    timestamp: str


class ContainerCounts(BaseModel):
    """How many containers there are on the engine, by status."""

    total: int
    created: int = 0
    running: int = 0
    paused: int = 0
    restarting: int = 0
    stopped: int = 0
    removing: int = 0
    dead: int = 0


class ImageCounts(BaseModel):
    """The images on the engine; what layers they share is counted for each."""

    total: int
    size: str
    size_bytes: int


class BuildCounts(BaseModel):
    """How many builds there are, by status."""

    total: int
    pending: int = 0
    running: int = 0
    success: int = 0
    failed: int = 0
    cancelled: int = 0
    timeout: int = 0


class Info(BaseModel):
    """What is installed here; what only the engine knows is null while it does not answer."""

    version: str
    docker_version: str | None
    platform: str | None
    uptime: int
    started_at: Time
    containers: ContainerCounts | None
    images: ImageCounts | None
    builds: BuildCounts


class CpuUse(BaseModel):
    """The processor; `cores` may be a fraction inside a limited cgroup."""

    usage_percent: float
    cores: float | int


class Space(BaseModel):
    """Bytes of memory or disk."""

    total: int
    used: int
    available: int
    usage_percent: float


class NetworkUse(BaseModel):
    """Bytes since the start of the machine."""

    rx_bytes: int
    tx_bytes: int


class Resources(BaseModel):
    """What this machine has and uses; `disk` is the one of the data directory."""

    cpu: CpuUse
    memory: Space
    disk: Space
    network: NetworkUse


class RateLimitConfig(BaseModel):
    """How often one may ask per minute; `requests_per_minute` is for writes to containers."""

    enabled: bool
    requests_per_minute: int
    auth: int
    containers: int
    builds: int
    reads: int
    websockets: int


class ApiConfig(BaseModel):
    """The API."""

    version: str
    rate_limit: RateLimitConfig


class DockerConfig(BaseModel):
    """The engine; `version` is that of the API spoken with it, null while it does not answer."""

    host: str
    version: str | None


class BuildConfig(BaseModel):
    """How builds run."""

    max_concurrent: int
    cache_enabled: bool
    default_timeout: int
    max_context_bytes: int
    max_artifact_bytes: int
    max_log_bytes: int
    max_attempts: int
    base_image: str
    builder: str
    reuse_seconds: int


class OverloadConfig(BaseModel):
    """From when on new requests are turned away."""

    enabled: bool
    max_lag_seconds: float
    max_in_flight: int
    max_queue_seconds: float


class Config(BaseModel):
    """The settings, without secrets."""

    api: ApiConfig
    docker: DockerConfig
    build: BuildConfig
    overload: OverloadConfig
    database: Literal["sqlite", "postgresql"]
    redis: bool
    environment: str
    language: str


def _sentence(text: str) -> str:
    one_line = " ".join(text.split())
    if not 1 <= len(one_line) <= MAX_MESSAGE:
        raise refusal(
            zh=f"必须是 1 到 {MAX_MESSAGE} 个字符的说明",
            en=f"Give a sentence of 1 to {MAX_MESSAGE} characters",
        )
    return one_line


def _moment(value: object) -> object:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year < 2200:
        raise refusal(
            zh="必须是带时区的时间，例如 2026-12-01T13:00:00Z",
            en="Give a time with its zone, such as 2026-12-01T13:00:00Z",
        )
    return moment


class NewMaintenance(BaseModel):
    """Maintenance to begin: what users are told, and when it ends by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: Annotated[Text, AfterValidator(_sentence)]
    until: Annotated[datetime, BeforeValidator(_moment)] | None = None
    type: MaintenanceType = "scheduled"


class MaintenanceState(BaseModel):
    """Whether writes are kept out, since when, by whom, and until when."""

    enabled: bool
    type: MaintenanceType | None = None
    message: str | None = None
    until: Time | None = None
    since: Time | None = None
    started_by: str | None = None

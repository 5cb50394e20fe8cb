"""What the server answers, as frozen records. Fields that are not known here are ignored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from eulermaker.client.errors import ServerError

TERMINAL = frozenset({"success", "failed", "cancelled", "timeout"})
"""The statuses that a build never leaves."""


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


R = TypeVar("R", bound=Record)


class RpmInfo(Record):
    """The header of an RPM; `requires` and `provides` as rpm prints them, `size` installed, in bytes."""

    name: str
    version: str
    release: str
    arch: str
    epoch: int | None = None
    source: bool = False
    size: int | None = None
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()

    @property
    def nevra(self) -> str:
        epoch = f"{self.epoch}:" if self.epoch else ""
        arch = "src" if self.source else self.arch
        return f"{self.name}-{epoch}{self.version}-{self.release}.{arch}"


class Artifact(Record):
    """A file that a build left behind; `path` is where it lay in the image, `size` in bytes."""

    name: str
    size: int
    path: str | None = None
    sha256: str | None = None
    rpm: RpmInfo | None = None


class Image(Record):
    id: str
    tag: str | None = None
    size: int | None = None
    layers: int | None = None


class Queue(Record):
    position: int
    reason: str | None = None


class BuildFault(Record):
    code: str
    message: str


class PublicationOfBuild(Record):
    """A repository that a build is published in, or will be."""

    repository: str
    status: str
    error: BuildFault | None = None


class Steps(Record):
    total: int = 0
    cached: int = 0
    done: int = 0


class AppliedRule(Record):
    """A change that was made to the Dockerfile, and why."""

    rule: str
    line: int
    reason: str


class Fallback(Record):
    reason: str


class ReusedResult(Record):
    """The build whose result was taken over, and in how many seconds that was really made."""

    build_id: str
    built_at: datetime
    built_seconds: float


class PhaseSeconds(Record):
    phase: str
    seconds: float


class CompilerCache(Record):
    hits: int
    misses: int


class Optimization(Record):
    """What was done to make a build cheaper; `diff` is between the Dockerfile and what was built."""

    level: str
    applied: tuple[AppliedRule, ...] = ()
    diff: str = ""
    fallback: Fallback | None = None
    reused: ReusedResult | None = None
    draft: bool = False
    timeline: tuple[PhaseSeconds, ...] = ()
    bytes_fetched: int | None = None
    compiler_cache: CompilerCache | None = None
    as_written_seconds: float | None = None
    saved_seconds: float | None = None


class Build(Record):
    """A build; from a list, only what the list tells. `duration` in seconds."""

    id: str
    name: str
    status: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration: float | None = None
    image_id: str | None = None
    image_tag: str | None = None
    dockerfile_content: str | None = None
    spec_content: str | None = None
    build_args: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None
    target: str | None = None
    image: Image | None = None
    artifacts: tuple[Artifact, ...] | None = None
    publications: tuple[PublicationOfBuild, ...] | None = None
    queue: Queue | None = None
    error: BuildFault | None = None
    attempts: int | None = None
    steps: Steps | None = None
    optimize: str | None = None
    optimization: Optimization | None = None

    @property
    def finished(self) -> bool:
        return self.status in TERMINAL


class Transition(Record):
    """The status that a build went to on `execute` or `cancel`."""

    id: str
    status: str
    started_at: datetime | None = None
    cancelled_at: datetime | None = None
    queue: Queue | None = None


class BuildPage(Record):
    builds: tuple[Build, ...]
    total: int
    limit: int
    offset: int


class LogPage(Record):
    """Log lines of a build; `next_seq` as `since_seq` asks for what came after them."""

    logs: tuple[str, ...]
    next_seq: int | None = None


class LogLine(Record):
    """One line of a build's log; `kind` is step, output or status."""

    seq: int
    data: str
    timestamp: datetime | None = None
    step: int | None = None
    steps: int | None = None
    stage: str | None = None
    kind: str | None = None


class Check(Record):
    status: str
    message: str | None = None


class Health(Record):
    status: str
    checks: Mapping[str, Check] = {}
    timestamp: datetime | None = None


def parse(kind: type[R], data: Any) -> R:
    """`data` as a record; ServerError where it is no such thing."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ServerError(
            "unexpected-answer", f"The server's {kind.__name__} is malformed: {field}: {first['msg']}"
        ) from error

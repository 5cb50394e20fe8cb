"""What the server tells about containers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from eulermaker.client.models import Record


class ContainerConfig(Record):
    """How a container was configured; limits as they are written in a request."""

    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    volumes: Mapping[str, str] = {}
    ports: Mapping[str, int | tuple[int, ...] | None] = {}
    memory_limit: str | None = None
    cpu_limit: str | None = None
    working_dir: str = ""
    user: str = ""
    network_mode: str = ""
    restart_policy: str = "no"
    tty: bool = False
    privileged: bool = False


class ContainerState(Record):
    """What a container does now, and how it ended last."""

    status: str
    running: bool
    paused: bool = False
    restarting: bool = False
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    health: str | None = None
    pid: int | None = None
    restart_count: int = 0


class ContainerNetwork(Record):
    """How a container is reached."""

    ip_address: str = ""
    ports: Mapping[str, tuple[Mapping[str, str], ...]] = {}
    networks: tuple[str, ...] = ()


class ContainerSummary(Record):
    """A container in a list."""

    id: str
    name: str
    image: str
    status: str
    created_at: datetime
    started_at: datetime | None = None
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    health: str | None = None


class ContainerPage(Record):
    containers: tuple[ContainerSummary, ...]
    total: int
    limit: int
    offset: int


class Container(Record):
    """Everything about one container; just after `create`, without its state and network."""

    id: str
    name: str
    image: str
    status: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    image_id: str | None = None
    config: ContainerConfig
    state: ContainerState | None = None
    network: ContainerNetwork | None = None
    labels: Mapping[str, str] = {}


class ContainerChange(Record):
    """Where a container stands after an action."""

    id: str
    status: str
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    restarted_at: datetime | None = None


class ContainerUpdate(Record):
    """A container whose name or limits were changed."""

    id: str
    name: str
    config: ContainerConfig


class Violation(Record):
    """Something that the create policy refuses."""

    field: str
    value: str
    message: str


class Verdict(Record):
    """What a dry run found."""

    allowed: bool
    violations: tuple[Violation, ...] = ()


class ContainerLogs(Record):
    """Lines that a container wrote; `truncated` when the first of those asked for were too many."""

    logs: tuple[str, ...]
    truncated: bool = False


class ContainerLogEntry(Record):
    """A line, a `gap` where lines may be missing, or a `status` that the container went to.

    `timestamp` is RFC 3339 with nanoseconds; `stream` is stdout or stderr.
    """

    type: Literal["log", "gap", "status"]
    timestamp: str | None = None
    stream: str | None = None
    data: str = ""
    status: str | None = None


class CpuUsage(Record):
    """`total_usage` in nanoseconds; the percentage is of one core."""

    total_usage: int
    usage_percent: float
    cores: int


class MemoryUsage(Record):
    """In bytes, without the page cache that can be dropped."""

    usage: int
    limit: int
    usage_percent: float


class NetworkIo(Record):
    """Bytes since the start."""

    rx_bytes: int
    tx_bytes: int


class BlockIo(Record):
    """Bytes since the start."""

    read_bytes: int
    write_bytes: int


class Stats(Record):
    """One sample of a container's counters."""

    cpu_usage: CpuUsage
    memory_usage: MemoryUsage
    network_io: NetworkIo
    block_io: BlockIo
    pids: int
    timestamp: datetime


class Executed(Record):
    """What a command said; `exit_code` is None when it was cut off at its time limit."""

    exec_id: str
    output: str
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    truncated: bool = False
    timed_out: bool = False


class Processes(Record):
    """A container's processes, one row each, in the columns of `titles`."""

    titles: tuple[str, ...]
    processes: tuple[tuple[str, ...], ...]


class BatchFault(Record):
    """Why one of a batch failed."""

    code: str
    message: str


class BatchResult(Record):
    """How one of a batch went; `container` is as it was asked for."""

    container: str
    id: str | None = None
    success: bool
    status: str | None = None
    error: BatchFault | None = None


class BatchResults(Record):
    """How a batch went, in the order of the request."""

    results: tuple[BatchResult, ...]
    succeeded: int
    failed: int


class ContainerEvent(Record):
    """Something that happened to a container, or a `gap` where events may be missing."""

    type: Literal["container_event", "gap"]
    seq: int
    event: str | None = None
    container_id: str | None = None
    timestamp: datetime | None = None
    details: Mapping[str, Any] = {}
    origin: str | None = None

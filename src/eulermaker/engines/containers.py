"""The port for containers: what the features may ask of them, in the product's own nouns.

Every method may raise the faults `engine-unavailable` and `engine-refused`, and those named with it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

from eulermaker.kernel.faults import Entry, Kind, documented

CONTAINER_NOT_FOUND = Entry(
    "container-not-found",
    Kind.NOT_FOUND,
    zh="容器 {container} 不存在，请检查编号或名称",
    en="There is no container {container}; check its id or name",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
IMAGE_NOT_FOUND = Entry(
    "image-not-found",
    Kind.NOT_FOUND,
    zh="引擎上没有镜像 {image}；请检查名称，或先拉取、导入",
    en="The engine has no image {image}; check its name, or pull or import it first",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
CONTAINER_STATE_CONFLICT = Entry(
    "container-state-conflict",
    Kind.CONFLICT,
    zh="容器处于 {state} 状态，无法执行 {action} 操作",
    en="The container is {state}, so `{action}` is not possible",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)
NAME_IN_USE = Entry(
    "name-in-use",
    Kind.CONFLICT,
    zh="名称 {name} 已被占用，请换一个名称",
    en="The name {name} is taken; choose another one",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)
CONTAINER_REFUSED = Entry(
    "container-refused",
    Kind.INVALID,
    zh="容器引擎拒绝了该配置：{reason}",
    en="The engine refused this configuration: {reason}",
    answers={"000": documented(400, "INVALID_REQUEST")},
)
PATH_NOT_FOUND = Entry(
    "container-path-not-found",
    Kind.NOT_FOUND,
    zh="容器中没有路径 {path}",
    en="The container has no path {path}",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
ARCHIVE_REFUSED = Entry(
    "container-archive-refused",
    Kind.INVALID,
    zh="引擎无法解包上传的内容，请确认它是完整的 tar 归档，且目标目录可写",
    en="The engine could not unpack the upload; send a whole tar archive, to a directory that can be written",
    answers={"000": documented(400, "INVALID_REQUEST")},
)

ENTRIES = (
    CONTAINER_NOT_FOUND,
    IMAGE_NOT_FOUND,
    CONTAINER_STATE_CONFLICT,
    NAME_IN_USE,
    CONTAINER_REFUSED,
    PATH_NOT_FOUND,
    ARCHIVE_REFUSED,
)

#: Bytes after which a line without an end is told as it is.
MAX_LINE = 1024 * 1024


class Status(StrEnum):
    """Where a container stands; the engine's `exited` is `stopped`."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    REMOVING = "removing"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the container (`80/tcp`) and where the host publishes it, if it does."""

    container: str
    host_ip: str = ""
    host_port: int | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """Something mounted: a host path (`bind`), a named `volume`, or `tmpfs`."""

    kind: str
    source: str
    target: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """How a container was configured; `memory` in bytes, `cpus` in cores, None without a limit."""

    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    memory: int | None = None
    cpus: float | None = None
    working_dir: str = ""
    user: str = ""
    network_mode: str = ""
    restart_policy: str = ""
    tty: bool = False
    privileged: bool = False
    #: From how many bytes on a file of its log is rotated; None where the log is one file.
    log_file_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine describes it.

    `config` is None while only the engine's list has told of it and its details are on the way.
    """

    id: str
    name: str
    image: str
    image_id: str
    status: Status
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""
    health: str | None = None
    restart_count: int = 0
    pid: int | None = None
    ports: tuple[Port, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    ip_address: str = ""
    #: Its addresses in all its networks, of both families.
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    config: ContainerConfig | None = None


@dataclass(frozen=True, slots=True)
class NewContainer:
    """A container to create, as the engine's own request bodies: checked by the create policy before."""

    name: str | None
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something that happened on the engine; `at_ns` is the engine's own time in nanoseconds."""

    kind: Literal["container", "image", "network", "volume"]
    action: str
    id: str
    attributes: Mapping[str, str]
    at_ns: int


Stream = Literal["stdout", "stderr"]


class LogLine(NamedTuple):
    """A line that a container wrote; `at` is the engine's RFC 3339 time in nanoseconds.

    `stream` is stdout for a container with a TTY; `text` has no line end.
    """

    at: str
    stream: Stream
    text: bytes


class OutputChunk(NamedTuple):
    """Bytes that a command wrote, cut anywhere; `stream` is stdout for one with a TTY."""

    stream: Stream
    data: bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """One sample of a container's counters; CPU in nanoseconds, all else in bytes."""

    at: datetime
    cpu_total: int
    cpu_system: int
    cpus: int
    memory: int
    memory_limit: int
    rx_bytes: int
    tx_bytes: int
    read_bytes: int
    write_bytes: int
    pids: int


@dataclass(frozen=True, slots=True)
class NewExec:
    """A command to run in a container."""

    command: tuple[str, ...]
    working_dir: str | None = None
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    tty: bool = False
    stdin: bool = False
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class ExecState:
    """How a command is doing; `pid` is in the engine's host's numbering."""

    running: bool
    exit_code: int | None
    pid: int | None


class ExecStream(Protocol):
    """The two ways of a running command: raw bytes with a TTY, multiplexed frames without one."""

    async def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; empty when the command has closed its output."""
        ...

    async def write(self, data: bytes) -> None:
        """Send input; returns when the engine has room for more."""
        ...

    async def close_input(self) -> None:
        """Tell the command that no more input comes."""
        ...


class Containers(Protocol):
    """The containers of one engine."""

    async def list(self) -> Sequence[Container]:
        """All containers, without their details (`config` is None)."""
        ...

    async def get(self, reference: str) -> Container | None:
        """One container with its details, by id, id prefix or name; None when there is none."""
        ...

    async def inspect(self, reference: str) -> Mapping[str, Any]:
        """The engine's own description; raises `container-not-found`."""
        ...

    async def create(self, new: NewContainer) -> str:
        """Create a container; tells its id.

        Raises `image-not-found`, `name-in-use` and `container-refused`.
        """
        ...

    async def start(self, reference: str) -> None:
        """Start it; raises `container-state-conflict` when it runs already."""
        ...

    async def stop(self, reference: str, *, grace: int) -> None:
        """Stop it, killing it after `grace` seconds; raises `container-state-conflict` when stopped."""
        ...

    async def restart(self, reference: str, *, grace: int) -> None:
        """Stop and start it."""
        ...

    async def kill(self, reference: str, *, signal: str) -> None:
        """Send a signal to its first process; raises `container-state-conflict` when not running."""
        ...

    async def pause(self, reference: str) -> None:
        """Freeze it; raises `container-state-conflict`."""
        ...

    async def unpause(self, reference: str) -> None:
        """Let it go on; raises `container-state-conflict`."""
        ...

    async def rename(self, reference: str, *, name: str) -> None:
        """Give it another name; raises `name-in-use`."""
        ...

    async def update(self, reference: str, *, limits: Mapping[str, Any]) -> None:
        """Change limits and restart policy; raises `container-refused`."""
        ...

    async def remove(self, reference: str, *, force: bool, volumes: bool) -> None:
        """Remove it; raises `container-state-conflict` when it runs and `force` is not set."""
        ...

    async def top(self, reference: str) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Titles and rows of its process list; raises `container-state-conflict` when not running."""
        ...

    def logs(
        self,
        reference: str,
        *,
        tty: bool,
        tail: int | None = None,
        since: str | None = None,
        until: str | None = None,
        follow: bool = False,
    ) -> AsyncGenerator[Sequence[LogLine], None]:
        """What it wrote, as many lines at a time as are there; `since`/`until` are `seconds.nanos`.

        With `follow` until the container stops or the generator is closed, with empty batches while
        nothing comes. A line longer than `MAX_LINE` comes in pieces.
        """
        ...

    def usage(self, reference: str) -> AsyncGenerator[Usage, None]:
        """A sample a second, until the container stops or the generator is closed."""
        ...

    async def usage_once(self, reference: str) -> Usage:
        """One sample, at once."""
        ...

    def download(self, reference: str, path: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A tar stream of a file or a directory; raises `container-path-not-found`."""
        ...

    async def upload(self, reference: str, path: str, archive: AsyncIterable[bytes]) -> None:
        """Unpack a tar stream into a directory.

        Raises `container-path-not-found` and `container-archive-refused`.
        """
        ...

    async def create_exec(self, reference: str, new: NewExec) -> str:
        """Prepare a command; tells its id. Raises `container-state-conflict` when not running."""
        ...

    def attach_exec(self, exec_id: str, *, tty: bool) -> AbstractAsyncContextManager[ExecStream]:
        """Start a prepared command and hold its streams; leaving does not end the command."""
        ...

    def run_exec(self, exec_id: str, *, tty: bool) -> AsyncGenerator[OutputChunk, None]:
        """Start a prepared command and tell what it writes, until it closes its output.

        Closing the generator does not end the command.
        """
        ...

    async def exec_state(self, exec_id: str) -> ExecState:
        """How a command is doing."""
        ...

    async def resize_exec(self, exec_id: str, *, columns: int, rows: int) -> None:
        """Tell a command's terminal its size."""
        ...

    def events(self, *, since_ns: int | None) -> AsyncGenerator[EngineEvent | None, None]:
        """What happens on the engine, from `since_ns` (inclusive) on.

        The first item is None: the stream stands, and whatever happens from then on will be told.
        """
        ...

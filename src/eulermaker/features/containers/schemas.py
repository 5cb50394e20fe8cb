"""Public shapes of the containers."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from eulermaker.engines.containers import Status
from eulermaker.features.containers.notation import (
    MAX_CPUS,
    MAX_MEMORY,
    MIN_MEMORY,
    Unreadable,
    absolute,
    memory_bytes,
    nano_cpus,
    published_ports,
    volume,
)
from eulermaker.formats.image_reference import names_image
from eulermaker.kernel.clock import Time
from eulermaker.kernel.ownership import Labels
from eulermaker.kernel.validation import Text, refusal, spelled

MAX_ENTRIES = 200
MAX_BATCH = 50
MAX_GRACE = 3600
MAX_EXEC_SECONDS = 3600

T = TypeVar("T")

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}")
_VARIABLE = re.compile(r"[^=\x00]+")
_USER = re.compile(r"[\w.][\w.-]{0,127}(?::[\w.][\w.-]{0,127})?", re.ASCII)
_NETWORK = re.compile(r"(?:container:)?[\w][\w.-]{0,254}", re.ASCII)
_NAMESPACE = re.compile(r"[\w-]*(?::[\w][\w.-]{0,254})?", re.ASCII)
_RESTART = re.compile(r"no|always|unless-stopped|on-failure(?::\d{1,4})?")
_SIGNAL = re.compile(r"(?:SIG)?[A-Z][A-Z0-9]{1,9}(?:[+-]\d{1,2})?|\d{1,2}")
_CAPABILITY = re.compile(r"(?:CAP_)?[A-Z][A-Z_]{1,40}", re.IGNORECASE)
_DEVICE = re.compile(r"/[^:\x00]{1,255}(?::/[^:\x00]{1,255})?(?::[rwm]{1,3})?")
_HOSTNAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,62})")


def _matching(pattern: re.Pattern[str], *, zh: str, en: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise refusal(zh=zh, en=en)
        return value

    return AfterValidator(check)


def _documented(*choices: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": list(choices)})


def _readable(read: Callable[[Any], object]) -> AfterValidator:
    """Refuses what `read` cannot read, for its reason; the value stays as it was written."""

    def check(value: T) -> T:
        try:
            read(value)
        except Unreadable as unreadable:
            raise refusal(zh=unreadable.zh, en=unreadable.en) from unreadable
        return value

    return AfterValidator(check)


def _number_or_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refusal(zh="必须是数字或字符串", en="Give a number or a string")
    return value


def _check_volumes(value: dict[str, str]) -> None:
    for source, target in value.items():
        volume(source, target)


def _check_environment(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not _VARIABLE.fullmatch(name):
            raise refusal(
                zh=f"{name[:80]!r} 不是有效的环境变量名", en=f"{name[:80]!r} is no name of a variable"
            )
    return value


def _check_path(value: str) -> str:
    if not absolute(value):
        raise refusal(zh="必须是容器内的绝对路径", en="Give an absolute path in the container")
    return value


def _check_image(value: str) -> str:
    if not names_image(value):
        raise refusal(
            zh="镜像名称格式无效：应为 名称[:标签][@sha256:摘要] 或镜像编号",
            en="This is no image: give name[:tag][@sha256:digest], or an id",
        )
    return value


def _check_name(value: str) -> str:
    if not value:
        raise refusal(zh="容器名称不能为空", en="A container's name cannot be empty")
    if not _NAME.fullmatch(value):
        raise refusal(
            zh="容器名称须为 2 到 128 个字符，以字母或数字开头，只能含字母、数字和 _ . -",
            en="A name has 2 to 128 letters, digits and _ . - and begins with a letter or digit",
        )
    return value


def _refuse_labels(value: object) -> None:
    if value is not None:
        raise refusal(
            zh="容器引擎不能修改已有容器的标签，请重新创建容器",
            en="The engine cannot change the labels of a container that exists; create it anew",
        )


def _check_restart(value: str) -> str:
    if not _RESTART.fullmatch(value):
        raise refusal(
            zh="只能是 no、always、unless-stopped 或 on-failure[:次数]",
            en="Give no, always, unless-stopped or on-failure[:times]",
        )
    return value


_HOST_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_PORT_TEXT = {"type": "string", "pattern": r"^[0-9.:\[\]a-fA-F]*[0-9]+(?:/(?:tcp|udp|sctp))?$"}

ShortText = Annotated[Text, Field(max_length=32_768)]
Name = Annotated[str, AfterValidator(_check_name), spelled(_NAME.pattern)]
Image = Annotated[Text, AfterValidator(_check_image), spelled(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")]
Memory = Annotated[
    int | str,
    BeforeValidator(_number_or_text),
    _readable(memory_bytes),
    _documented(
        {"type": "integer", "minimum": MIN_MEMORY, "maximum": MAX_MEMORY},
        {"type": "string", "pattern": r"^[0-9]{1,19}(?:\.[0-9]{1,6})? ?[bkmgtBKMGT]?(?:i?[bB])?$"},
    ),
]
Cpus = Annotated[
    float | str,
    BeforeValidator(_number_or_text),
    _readable(nano_cpus),
    _documented(
        {"type": "number", "minimum": 0.01, "maximum": int(MAX_CPUS)},
        {"type": "string", "pattern": r"^[0-9]{1,4}(?:\.[0-9]{1,9})?$"},
    ),
]
ContainerPath = Annotated[Text, AfterValidator(_check_path), spelled(r"/[^:\x00-\x1f\x7f]{0,4095}")]
Arguments = Annotated[list[ShortText], Field(max_length=1000)]
Environment = Annotated[
    dict[Annotated[Text, spelled(r"[^=\x00]+")], ShortText],
    Field(max_length=1000),
    AfterValidator(_check_environment),
]
Ports = Annotated[
    dict[Text, Any] | list[Any],
    Field(max_length=MAX_ENTRIES),
    _readable(published_ports),
    WithJsonSchema(
        {
            "description": '`{"80/tcp": 8080}`, a list of ports or null for any; or `["8080:80/tcp", 443]`',
            "anyOf": [
                {
                    "type": "object",
                    "maxProperties": MAX_ENTRIES,
                    "propertyNames": {"pattern": "^[0-9]{1,5}(?:/(?:tcp|udp|sctp))?$"},
                    "additionalProperties": {
                        "anyOf": [
                            _HOST_PORT,
                            _PORT_TEXT,
                            {"type": "null"},
                            {"type": "array", "items": {"anyOf": [_HOST_PORT, _PORT_TEXT]}},
                        ]
                    },
                },
                {
                    "type": "array",
                    "maxItems": MAX_ENTRIES,
                    "items": {"anyOf": [_HOST_PORT, _PORT_TEXT]},
                },
            ],
        }
    ),
]
Volumes = Annotated[
    dict[
        Annotated[Text, spelled(r"[/a-zA-Z0-9][^:\x00-\x1f\x7f]*")],
        Annotated[Text, spelled(r"/[^\x00-\x1f\x7f]*")],
    ],
    Field(max_length=MAX_ENTRIES),
    _readable(_check_volumes),
]
User = Annotated[
    str,
    _matching(_USER, zh="应为 用户[:组]，名称或数字", en="Give user[:group], as names or numbers"),
    spelled(_USER.pattern),
]
Namespace = Annotated[
    str,
    _matching(_NAMESPACE, zh="不是有效的命名空间", en="This is no namespace"),
    spelled(_NAMESPACE.pattern),
]
RestartPolicy = Annotated[str, AfterValidator(_check_restart), spelled(_RESTART.pattern)]
Signal = Annotated[
    str,
    StringConstraints(to_upper=True),
    _matching(_SIGNAL, zh="不是有效的信号，如 SIGTERM", en="This is no signal such as SIGTERM"),
    spelled(_SIGNAL.pattern),
]
Capability = Annotated[
    str,
    StringConstraints(to_upper=True),
    _matching(_CAPABILITY, zh="不是内核能力的名称", en="This names no capability"),
    spelled(_CAPABILITY.pattern),
]
Hostname = Annotated[
    str, _matching(_HOSTNAME, zh="不是有效的主机名", en="This is no host name"), spelled(_HOSTNAME.pattern)
]
NetworkMode = Annotated[
    str, _matching(_NETWORK, zh="不是有效的网络", en="This names no network"), spelled(_NETWORK.pattern)
]
UlimitName = Annotated[str, Field(pattern=r"^[a-z]{2,20}$")]
Device = Annotated[
    str,
    _matching(_DEVICE, zh="应为 /dev/设备[:/路径][:rwm]", en="Give /dev/device[:/path/inside][:rwm]"),
    spelled(_DEVICE.pattern),
]
Reference = Annotated[Text, Field(min_length=1, max_length=255)]
Grace = Annotated[int, Field(ge=0, le=MAX_GRACE)]


class _Wanted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HealthCheck(_Wanted):
    """How to find out whether the container is well; times in seconds."""

    test: Annotated[list[ShortText], Field(min_length=1, max_length=100)] | ShortText
    interval: Annotated[float, Field(ge=0.001, le=86_400)] = 30
    timeout: Annotated[float, Field(ge=0.001, le=86_400)] = 30
    start_period: Annotated[float, Field(ge=0, le=86_400)] = 0
    retries: Annotated[int, Field(ge=1, le=1000)] = 3


class Ulimit(_Wanted):
    """A limit of the kernel on each process."""

    soft: Annotated[int, Field(ge=-1, le=2**62)]
    hard: Annotated[int, Field(ge=-1, le=2**62)]


class MountWanted(_Wanted):
    """A mount in its long form."""

    type: Literal["bind", "volume", "tmpfs"]
    source: Annotated[Text, Field(max_length=4096)] = ""
    target: ContainerPath
    read_only: bool = False
    propagation: Literal["private", "rprivate", "shared", "rshared", "slave", "rslave"] | None = None
    driver: Annotated[Text, Field(max_length=255)] | None = None
    driver_options: Annotated[dict[Text, ShortText], Field(max_length=20)] = {}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type == "bind":
            if not absolute(self.source):
                raise refusal(
                    zh="bind 挂载的 source 必须是主机绝对路径", en="A bind needs an absolute path as source"
                )
        elif self.source.startswith("/") or (self.type == "tmpfs" and self.source):
            raise refusal(zh="source 只能是卷名", en="The source can only name a volume")
        return self


class NewContainer(_Wanted):
    """A container to create."""

    image: Image
    name: Name | None = None
    command: Arguments | None = None
    entrypoint: Arguments | None = None
    environment: Environment = {}
    volumes: Volumes = {}
    mounts: Annotated[list[MountWanted], Field(max_length=MAX_ENTRIES)] = []
    tmpfs: Annotated[dict[ContainerPath, ShortText], Field(max_length=20)] = {}
    ports: Ports = {}
    memory_limit: Memory | None = None
    cpu_limit: Cpus | None = None
    pids_limit: Annotated[int, Field(ge=1, le=4_194_304)] | None = None
    shm_size: Memory | None = None
    working_dir: ContainerPath | None = None
    user: User | None = None
    hostname: Hostname | None = None
    network_mode: NetworkMode | None = None
    restart_policy: RestartPolicy | None = None
    labels: Labels = {}
    health_check: HealthCheck | None = None
    ulimits: Annotated[dict[UlimitName, Ulimit | int], Field(max_length=20)] = {}
    read_only: bool = False
    tty: bool = False
    stdin_open: bool = False
    init: bool | None = None
    auto_remove: bool = False
    stop_signal: Signal | None = None
    stop_timeout: Grace | None = None
    cap_drop: Annotated[list[Capability], Field(max_length=50)] = []
    no_new_privileges: bool = True
    # What follows is refused by the create policy unless the caller is an administrator.
    privileged: bool = False
    cap_add: Annotated[list[Capability], Field(max_length=50)] = []
    devices: Annotated[list[Device], Field(max_length=50)] = []
    security_opt: Annotated[list[ShortText], Field(max_length=20)] = []
    pid_mode: Namespace | None = None
    ipc_mode: Namespace | None = None
    uts_mode: Namespace | None = None
    userns_mode: Namespace | None = None
    cgroupns_mode: Namespace | None = None

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.auto_remove and self.restart_policy not in (None, "no"):
            raise refusal(
                zh="auto_remove 与 restart_policy 不能同时使用",
                en="auto_remove and restart_policy exclude each other",
            )
        return self


class Stopping(_Wanted):
    """How long a container may take to stop before it is killed, in seconds."""

    timeout: Grace = 10


class Killing(_Wanted):
    """Which signal to send."""

    signal: Signal = "SIGKILL"


class Renaming(_Wanted):
    """Another name."""

    name: Name


class Changes(_Wanted):
    """What to change of a container; what is left out stays."""

    name: Name | None = None
    memory_limit: Memory | None = None
    cpu_limit: Cpus | None = None
    pids_limit: Annotated[int, Field(ge=1, le=4_194_304)] | None = None
    restart_policy: RestartPolicy | None = None
    labels: Annotated[None, BeforeValidator(_refuse_labels)] = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if all(value is None for value in self.model_dump().values()):
            raise refusal(zh="没有要修改的字段", en="There is nothing to change")
        return self


class NewExec(_Wanted):
    """A command to run in a container; `timeout` in seconds."""

    command: Annotated[list[ShortText], Field(min_length=1, max_length=1000)]
    working_dir: ContainerPath | None = None
    user: User | None = None
    environment: Environment = {}
    attach_stdout: bool = True
    attach_stderr: bool = True
    tty: bool = False
    timeout: Annotated[int, Field(ge=1, le=MAX_EXEC_SECONDS)] = 60


class Batch(_Wanted):
    """One action on many containers."""

    action: Literal["start", "stop", "restart", "pause", "unpause", "kill", "delete"]
    containers: Annotated[list[Reference], Field(min_length=1, max_length=MAX_BATCH)]
    timeout: Grace = 10
    force: bool = False
    signal: Signal = "SIGKILL"


class Config(BaseModel):
    """How a container was configured."""

    command: list[str]
    entrypoint: list[str]
    environment: dict[str, str]
    volumes: dict[str, str]
    ports: dict[str, int | list[int] | None]
    memory_limit: str | None
    cpu_limit: str | None
    working_dir: str
    user: str
    network_mode: str
    restart_policy: str
    tty: bool
    privileged: bool


class Created(BaseModel):
    """A container that was just created."""

    id: str
    name: str
    image: str
    status: Status
    created_at: Time
    config: Config
    labels: dict[str, str]


class Summary(BaseModel):
    """A container in a list."""

    id: str
    name: str
    image: str
    status: Status
    created_at: Time
    started_at: Time | None
    ports: list[str]
    labels: dict[str, str]
    health: str | None


class ContainerList(BaseModel):
    """A page of containers."""

    containers: list[Summary]
    total: int
    limit: int
    offset: int


class State(BaseModel):
    """What a container does now, and how it ended last."""

    status: Status
    running: bool
    paused: bool
    restarting: bool
    exit_code: int
    error: str
    oom_killed: bool
    health: str | None
    pid: int | None
    restart_count: int


class Network(BaseModel):
    """How a container is reached."""

    ip_address: str
    ports: dict[str, list[dict[str, str]]]
    networks: list[str]


class Detail(BaseModel):
    """Everything about one container."""

    id: str
    name: str
    image: str
    image_id: str
    status: Status
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    config: Config
    state: State
    network: Network
    labels: dict[str, str]


class Started(BaseModel):
    """A container that was started."""

    id: str
    status: Status
    started_at: Time | None


class Stopped(BaseModel):
    """A container that was stopped."""

    id: str
    status: Status
    stopped_at: Time


class Restarted(BaseModel):
    """A container that was restarted."""

    id: str
    status: Status
    restarted_at: Time


class Acted(BaseModel):
    """Where a container stands after an action."""

    id: str
    status: Status


class Changed(BaseModel):
    """A container whose name or limits were changed."""

    id: str
    name: str
    config: Config


class Refusal(BaseModel):
    """Something that the create policy refuses."""

    field: str
    value: str
    message: str


class Verdict(BaseModel):
    """What a dry run found."""

    allowed: bool
    violations: list[Refusal]


class Executed(BaseModel):
    """What a command said; `exit_code` is null when it was cut off at its time limit."""

    exec_id: str
    output: str
    stdout: str
    stderr: str
    exit_code: int | None
    truncated: bool
    timed_out: bool


class Processes(BaseModel):
    """A container's processes."""

    titles: list[str]
    processes: list[list[str]]


class Logs(BaseModel):
    """What a container wrote; `truncated` when the first of the lines asked for were too many to hold."""

    logs: list[str]
    truncated: bool


class LogFrame(BaseModel):
    """A line of `follow=true`: a log line, a gap, a change of state, or the end."""

    type: Literal["log", "gap", "status", "end"]
    timestamp: str | None = None
    stream: Literal["stdout", "stderr"] | None = None
    data: str | None = None
    status: str | None = None


class CpuUsage(BaseModel):
    """`total_usage` in nanoseconds; the percentage is of one core, as the docker CLI shows it."""

    total_usage: int
    usage_percent: float
    cores: int


class MemoryUsage(BaseModel):
    """In bytes, without the page cache that can be dropped."""

    usage: int
    limit: int
    usage_percent: float


class NetworkIo(BaseModel):
    """Bytes since the start."""

    rx_bytes: int
    tx_bytes: int


class BlockIo(BaseModel):
    """Bytes since the start."""

    read_bytes: int
    write_bytes: int


class Stats(BaseModel):
    """One sample."""

    cpu_usage: CpuUsage
    memory_usage: MemoryUsage
    network_io: NetworkIo
    block_io: BlockIo
    pids: int
    timestamp: Time


class BatchError(BaseModel):
    """Why one of a batch failed: the code and the sentence that the single request would have had.

    `slug` is what that would have carried as `X-Error-Code`.
    """

    code: str
    slug: str
    message: str
    details: dict[str, Any]


class BatchResult(BaseModel):
    """How one of a batch went."""

    container: str
    id: str | None
    success: bool
    status: Status | None
    error: BatchError | None


class BatchResults(BaseModel):
    """How a batch went, in the order of the request."""

    results: list[BatchResult]
    succeeded: int
    failed: int


class Uploaded(BaseModel):
    """Where files were unpacked."""

    path: str

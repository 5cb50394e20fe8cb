"""What a probe is told to check: one model for each type, and every refusal with its field."""

import ipaddress
import math
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args
from urllib.parse import urlsplit

import re2
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from eulermaker.kernel.sealing import MASK
from eulermaker.kernel.validation import Text, refusal
from eulermaker.kernel.web import MAX_URL, headers, shown_url, web_url

ProbeType = Literal["http", "tcp", "exec", "metrics", "dns", "icmp", "tls", "log", "push"]
TYPES: tuple[ProbeType, ...] = get_args(ProbeType)
Metric = Literal["cpu", "memory", "disk", "network", "pids"]
JsonScalar = str | int | float | bool | None
RecordType = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"]

MAX_INTERVAL = 86_400.0
MAX_TIMEOUT = 300.0
MAX_BODY = 64 * 1024
MAX_PATTERN = 1000
#: Bounds what a compiled pattern may need, in bytes.
PATTERN_MEMORY = 1024 * 1024
#: Steps of a compiled pattern: searching takes up to 20 ns for each of them and each byte.
MAX_PROGRAM = 2000

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_RANGE = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?", re.IGNORECASE)
_OURS = frozenset({"connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect"})
_SECRET_NAME = re.compile(
    r"auth|cookie|key|pass|pwd|secret|session|signature|token|credential", re.IGNORECASE
)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise refusal(zh="必须是有限的数字", en="Give a finite number")
    return value


def host_of(value: str) -> str:
    """The host as it is connected to: an address, or a name in ASCII; raises a refusal."""
    plain = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if _is_address(plain):
        return str(ipaddress.ip_address(plain))
    ascii_name = _ascii(value.rstrip("."))
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise refusal(zh=f"{value[:80]!r} 不是主机名或地址", en=f"{value[:80]!r} is no host name or address")
    return ascii_name.lower()


def _ascii(name: str) -> str:
    try:
        return name.encode("idna").decode()
    except UnicodeError as error:
        raise refusal(
            zh=f"{name[:80]!r} 不是主机名或地址", en=f"{name[:80]!r} is no host name or address"
        ) from error


def _url(value: str) -> str:
    host_of(urlsplit(web_url(value)).hostname or "")
    return value


def _pattern(value: str) -> str:
    try:
        compiled(value)
    except re2.error as error:
        raise refusal(
            zh=f"不是有效的 RE2 正则表达式：{_reason(error)}",
            en=f"This is no RE2 regular expression: {_reason(error)}",
        ) from error
    return value


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return (reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason))[:200]


def compiled(pattern: str, *, case_sensitive: bool = True) -> Any:
    """The pattern, ready to search bytes in a time that grows with them alone."""
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    options.case_sensitive = case_sensitive
    made = re2.compile(pattern, options)
    if made.programsize > MAX_PROGRAM:
        raise re2.error("it is too large")
    return made


def _headers(value: dict[str, str]) -> dict[str, str]:
    headers(value, ours=_OURS)
    return value


def is_secret_name(name: str) -> bool:
    """Whether what has that name is to be kept secret."""
    return _SECRET_NAME.search(name) is not None


def status_range(value: int | str) -> tuple[int, int]:
    """The first and the last status of `200`, `"2xx"` or `"200-299"`; raises a refusal."""
    found = _RANGE.fullmatch(str(value).strip())
    if found is None:
        raise refusal(
            zh=f'{str(value)[:40]!r} 不是状态码：应为 200、"2xx" 或 "200-299"',
            en=f'{str(value)[:40]!r} is no status: give 200, "2xx" or "200-299"',
        )
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    first, last = int(found[2]), int(found[3] or found[2])
    if first > last:
        raise refusal(zh="状态码范围的起点大于终点", en="The range of statuses begins after its end")
    return first, last


def _expected_status(value: int | str | list[int | str]) -> int | str | list[int | str]:
    for one in value if isinstance(value, list) else [value]:
        status_range(one)
    return value


def _status_like(value: Any) -> Any:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, bool) or not isinstance(one, int | str):
            raise refusal(
                zh='应为 200、"2xx"、"200-299" 或它们的列表',
                en='Give 200, "2xx", "200-299" or a list of those',
            )
    return value


def _command(value: list[str]) -> list[str]:
    if not value[0].strip():
        raise refusal(zh="命令不能为空", en="A command cannot be empty")
    return value


def name_server(value: str) -> tuple[str, int]:
    """Address and port of `192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:5353`; raises a refusal."""
    address, _, port = (f"{value}:53" if _is_address(value) else value).rpartition(":")
    address = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if not _is_address(address) or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise refusal(
            zh="应为名称服务器的地址，可带 :端口", en="Give a name server's address, with an optional :port"
        )
    return address, int(port)


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _name_server(value: str) -> str:
    name_server(value)
    return value


def _certificates(value: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=value)
    except (ssl.SSLError, ValueError) as error:
        raise refusal(zh="不是 PEM 格式的证书", en="These are no certificates in PEM") from error
    return value


def _number_or_bounds(value: Any) -> Any:
    return {"max": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


ShortText = Annotated[Text, Field(max_length=8192)]
Seconds = Annotated[float, AfterValidator(_finite)]
Interval = Annotated[Seconds, Field(ge=1, le=MAX_INTERVAL)]
Timeout = Annotated[Seconds, Field(ge=0.05, le=MAX_TIMEOUT)]
Times = Annotated[int, Field(ge=1, le=100)]
PortNumber = Annotated[int, Field(ge=1, le=65_535)]
Host = Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(host_of)]
Url = Annotated[Text, Field(min_length=1, max_length=MAX_URL), AfterValidator(_url)]
Pattern = Annotated[Text, Field(min_length=1, max_length=MAX_PATTERN), AfterValidator(_pattern)]
Headers = Annotated[dict[Text, ShortText], Field(max_length=50), AfterValidator(_headers)]
StatusExpected = Annotated[
    int | str | list[int | str], BeforeValidator(_status_like), AfterValidator(_expected_status)
]
Days = Annotated[Seconds, Field(ge=0, le=3650)]
IpVersion = Literal[4, 6] | None
Variable = Annotated[Text, Field(min_length=1, max_length=255, pattern=r"^[^=]+$")]
NameServer = Annotated[Text, Field(max_length=80), AfterValidator(_name_server)]
Certificates = Annotated[Text, Field(max_length=64 * 1024), AfterValidator(_certificates)]
ExpectedJson = Annotated[
    dict[Annotated[Text, Field(min_length=1, max_length=500)], JsonScalar], Field(max_length=50)
]
#: How `localhost` of a container is reached: at its own address, at a port that the host publishes,
#: or (`auto`) at the published port where it has that number outside alone.
Reach = Literal["auto", "address", "published"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Probe(_Part):
    """What every type has; times in seconds.

    `retries` are further attempts at once, within one check, each with its own `timeout` and all of
    them within the interval. The thresholds count checks.
    """

    default_timeout: ClassVar[float] = 5.0

    interval: Interval = 30.0
    timeout: Timeout = 5.0
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    success_threshold: Times = 1
    failure_threshold: Times = 3

    @model_validator(mode="before")
    @classmethod
    def _fill_timeout(cls, value: Any) -> Any:
        # A short interval must not be refused for a timeout that nobody asked for.
        if not isinstance(value, Mapping) or "timeout" in value:
            return value
        interval = value.get("interval")
        known = isinstance(interval, int | float) and 1 <= interval <= cls.default_timeout
        return {**value, "timeout": interval if known else cls.default_timeout}

    @field_validator("timeout")
    @classmethod
    def _is_within_interval(cls, value: float, info: ValidationInfo) -> float:
        interval = info.data.get("interval")
        if interval is not None and value > interval:
            raise refusal(
                zh=f"不能大于 interval（{interval:g} 秒）", en=f"Not longer than the interval, {interval:g} s"
            )
        return value

    @property
    def budget(self) -> float:
        """Seconds after which a check is over, with all its attempts."""
        return min(self.interval, self.timeout * (1 + self.retries))

    def secrets(self) -> Iterator[tuple[str, ...]]:
        """The paths of the fields that are secret."""
        return iter(())


class BasicAuth(_Part):
    """A user name and a password."""

    type: Literal["basic"]
    username: Annotated[Text, Field(max_length=255, pattern=r"^[^:]*$")]
    password: ShortText


class BearerAuth(_Part):
    """A token."""

    type: Literal["bearer"]
    token: Annotated[Text, Field(min_length=1, max_length=8192, pattern=r"^[\x21-\x7e]+$")]


class Http(Probe):
    """A request and what its answer has to be."""

    url: Url
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: Headers = {}
    body: Annotated[Text, Field(max_length=MAX_BODY)] | None = None
    auth: Annotated[BasicAuth | BearerAuth, Field(discriminator="type")] | None = None
    #: By default 200 to 399; a redirect whose status is named here is not followed.
    expected_status: StatusExpected | None = None
    expected_body: Annotated[Text, Field(min_length=1, max_length=4096)] | None = None
    unexpected_body: Annotated[Text, Field(min_length=1, max_length=4096)] | None = None
    expected_body_regex: Pattern | None = None
    expected_json: ExpectedJson = {}
    follow_redirects: bool = True
    max_redirects: Annotated[int, Field(ge=0, le=20)] = 10
    verify_tls: bool = True
    ca_certificates: Certificates | None = None
    server_name: Host | None = None
    #: With https: fails when a certificate is valid for fewer days.
    min_certificate_days: Days | None = None
    reach: Reach = "auto"
    ip_version: IpVersion = None

    @field_validator("min_certificate_days")
    @classmethod
    def _has_a_certificate(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and str(info.data.get("url", "https:")).lower().startswith("http:"):
            raise refusal(zh="只有 https:// 的 URL 才有证书", en="Only a URL with https:// has a certificate")
        return value

    def secrets(self) -> Iterator[tuple[str, ...]]:
        """What the URL asks for, passwords, tokens, and headers whose names say so."""
        if shown_url(self.url) != self.url:
            yield ("url",)
        yield from (("headers", name) for name in self.headers if is_secret_name(name))
        if isinstance(self.auth, BasicAuth):
            yield "auth", "password"
        elif isinstance(self.auth, BearerAuth):
            yield "auth", "token"


class Tcp(Probe):
    """A connection; with `send` and `expect`, a few words over it."""

    host: Host = "localhost"
    port: PortNumber
    send: Annotated[Text, Field(min_length=1, max_length=4096)] | None = None
    #: A regular expression that what comes back has to match somewhere.
    expect: Pattern | None = None
    reach: Reach = "auto"
    ip_version: IpVersion = None


class Tls(Probe):
    """A TLS handshake, and the certificate that it shows."""

    host: Host = "localhost"
    port: PortNumber = 443
    server_name: Host | None = None
    verify_tls: bool = True
    ca_certificates: Certificates | None = None
    min_certificate_days: Days = 7
    reach: Reach = "auto"
    ip_version: IpVersion = None


class Exec(Probe):
    """A command in the container; well when it ends with the expected code."""

    default_timeout: ClassVar[float] = 10.0

    timeout: Timeout = 10.0
    command: Annotated[list[ShortText], Field(min_length=1, max_length=100), AfterValidator(_command)]
    user: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    working_dir: Annotated[Text, Field(max_length=4096, pattern="^/")] | None = None
    environment: Annotated[dict[Variable, ShortText], Field(max_length=100)] = {}
    expected_exit_code: Annotated[int, Field(ge=0, le=255)] = 0
    expected_output: Pattern | None = None

    def secrets(self) -> Iterator[tuple[str, ...]]:
        """Variables whose names say so."""
        yield from (("environment", name) for name in self.environment if is_secret_name(name))


class Bounds(_Part):
    """Between which values a measure is well."""

    min: Annotated[Seconds, Field(ge=0)] | None = None
    max: Annotated[Seconds, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.min is None and self.max is None:
            raise refusal(zh="缺少 min 或 max", en="Give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise refusal(zh="min 大于 max", en="min is above max")
        return self


class Metrics(Probe):
    """A container's use of CPU and memory in percent, disk and network in bytes a second, and processes."""

    metrics: Annotated[list[Metric], Field(min_length=1, max_length=len(get_args(Metric)))]
    #: A number is the most that is well.
    thresholds: dict[Metric, Annotated[Bounds, BeforeValidator(_number_or_bounds)]] = {}

    @field_validator("thresholds")
    @classmethod
    def _are_measured(cls, value: dict[str, Bounds], info: ValidationInfo) -> dict[str, Bounds]:
        metrics = info.data.get("metrics")
        for name in value:
            if metrics is not None and name not in metrics:
                raise refusal(zh=f"metrics 中没有 {name}", en=f"{name} is not among the metrics")
        return value


class Dns(Probe):
    """A question to a name server, and what the answer has to be."""

    name: Host
    record_type: RecordType = "A"
    #: An address with an optional port; without it, the name servers of this machine.
    server: NameServer | None = None
    transport: Literal["udp", "tcp"] = "udp"
    expected_rcode: Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"] = "NOERROR"
    #: Records as a zone file writes them; all of them have to be in the answer.
    expected: Annotated[list[Annotated[ShortText, Field(min_length=1)]], Field(max_length=50)] = []


class Icmp(Probe):
    """Echo requests; well while at most `max_loss` percent of them stay without an answer."""

    host: Host = "localhost"
    count: Annotated[int, Field(ge=1, le=10)] = 1
    max_loss: Annotated[Seconds, Field(ge=0, lt=100)] = 0.0
    size: Annotated[int, Field(ge=8, le=1400)] = 56
    ip_version: IpVersion = None


class Log(Probe):
    """A pattern that must (`present`), or must not (`absent`), have been logged within `window` seconds."""

    pattern: Pattern
    expect: Literal["present", "absent"] = "present"
    #: By default the interval.
    window: Annotated[Seconds, Field(ge=1, le=MAX_INTERVAL)] | None = None
    stream: Literal["stdout", "stderr"] | None = None
    case_sensitive: bool = True


class Push(_Part):
    """A heartbeat that has to come every `interval` seconds; it is missed `grace` seconds later."""

    interval: Interval = 60.0
    grace: Annotated[Seconds, Field(ge=0, le=MAX_INTERVAL)] = 10.0
    success_threshold: Times = 1
    failure_threshold: Times = 1

    def secrets(self) -> Iterator[tuple[str, ...]]:
        """None: the heartbeat's URL is made, and not told."""
        return iter(())


Checked = Http | Tcp | Exec | Metrics | Dns | Icmp | Tls | Log
Config = Checked | Push

CONFIGS: Mapping[ProbeType, type[Config]] = {
    "http": Http,
    "tcp": Tcp,
    "exec": Exec,
    "metrics": Metrics,
    "dns": Dns,
    "icmp": Icmp,
    "tls": Tls,
    "log": Log,
    "push": Push,
}
#: The types that look into a container and are nothing without one.
NEEDS_CONTAINER: frozenset[ProbeType] = frozenset({"exec", "metrics", "log"})


def read(probe_type: ProbeType, value: Any) -> Config:
    """The configuration of a probe of that type; raises ValidationError with the fields' paths.

    Meant for a validator of a field `config`, where Pydantic puts that name before the paths.
    """
    model = CONFIGS[probe_type]
    return value if isinstance(value, model) else model.model_validate(value)


def type_of(config: Config) -> ProbeType:
    """The type that the configuration belongs to."""
    return next(name for name, model in CONFIGS.items() if type(config) is model)


def split(config: Config) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration as it may be shown, a mask for each secret; and the secrets, to be encrypted.

    The secrets are keyed by their paths as JSON pointers.
    """
    shown = config.model_dump(mode="json", exclude_none=True)
    secrets: dict[str, str] = {}
    for path in config.secrets():
        holder = _holder(shown, path)
        secrets[_pointer(path)] = holder[path[-1]]
        holder[path[-1]] = _mask(path, holder[path[-1]])
    return shown, secrets


def joined(shown: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with its secrets back in their places, to be read again.

    A mask without a known secret stays as it is, for the caller to refuse.
    """
    whole: dict[str, Any] = _copied(shown)
    for pointer, secret in secrets.items():
        path = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
        holder = _holder(whole, path)
        if isinstance(holder, dict) and holder.get(path[-1]) == _mask(path, secret):
            holder[path[-1]] = secret
    return whole


def _mask(path: tuple[str, ...], secret: str) -> str:
    # Of a URL only the query is secret: people want to see what is watched.
    return shown_url(secret) if path == ("url",) else MASK


def _pointer(path: tuple[str, ...]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _holder(value: Any, path: tuple[str, ...]) -> Any:
    for part in path[:-1]:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value

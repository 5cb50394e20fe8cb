"""How people write memory, CPUs, ports, mounts and moments, and how they are shown again: pure."""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from eulermaker.engines.containers import Mount, Port

MIN_MEMORY = 6 * 1024**2
MAX_MEMORY = 2**60
MAX_CPUS = Decimal(1024)
MAX_PORT = 65_535
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_MEMORY = re.compile(r"(\d{1,19}(?:\.\d{1,6})?)\s?([bkmgt]?)(?:i?b)?", re.IGNORECASE | re.ASCII)
_CONTAINER_PORT = re.compile(r"(\d{1,5})(?:/(tcp|udp|sctp))?", re.ASCII)
_PUBLISHED = re.compile(r"(?:(?P<ip>\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):)?(?P<port>\d{1,5})", re.ASCII)
_VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")
_MODES = frozenset({"ro", "rw"})
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Unreadable(ValueError):
    """A value that cannot be read: the reason in both languages."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class Published:
    """A port of the container and where the host publishes it; `host_port` None for any."""

    container: str
    host_port: int | None
    host_ip: str = ""


def memory_bytes(value: int | str) -> int:
    """Bytes of `512m`, `1g`, `1.5g` or a number; raises Unreadable."""
    text = str(value).strip()
    found = _MEMORY.fullmatch(text)
    if not found:
        raise Unreadable(
            zh=f"内存限制必须是正整数，可带单位 k、m、g，如 512m；{_shown(text)} 无法识别",
            en=f"A memory limit is a positive number with an optional unit k, m or g, such as 512m; "
            f"{_shown(text)} is none",
        )
    size = int(Decimal(found[1]) * _UNITS[found[2].lower()])
    if not MIN_MEMORY <= size <= MAX_MEMORY:
        raise Unreadable(
            zh=f"内存限制至少为 6m（引擎的下限），且不能超过引擎的上限；{_shown(text)} 超出范围",
            en=f"A memory limit is at least 6m, the engine's own minimum; {_shown(text)} is out of range",
        )
    return size


def memory_text(size: int) -> str:
    """The shortest way to write that many bytes: `1g`, `512m`, `1000`."""
    for unit in ("t", "g", "m", "k"):
        if size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)


def nano_cpus(value: float | str) -> int:
    """Billionths of a core of `"1.5"` or 1.5; raises Unreadable."""
    text = str(value).strip()
    try:
        cpus = Decimal(text)
    except InvalidOperation:
        cpus = Decimal(0)
    if not cpus.is_finite() or not Decimal("0.01") <= cpus <= MAX_CPUS:
        raise Unreadable(
            zh=f"CPU 限制必须是 0.01 到 1024 之间的数字，如 1.5；{_shown(text)} 无效",
            en=f"A CPU limit is a number from 0.01 to 1024, such as 1.5; {_shown(text)} is not",
        )
    return int(cpus * 10**9)


def cpus_text(cpus: float) -> str:
    """Cores as the reference shows them: `1.0`, `1.5`."""
    return str(float(round(cpus, 9)))


def published_ports(value: Mapping[str, object] | Sequence[object]) -> list[Published]:
    """The ports of `{"80/tcp": 8080}` (or a list of host ports, or None for any) or `["8080:80", 80]`.

    Raises Unreadable.
    """
    if isinstance(value, Mapping):
        return [
            Published(_container_port(port), *_host_port(one))
            for port, hosts in value.items()
            for one in (hosts if isinstance(hosts, list) and hosts else [hosts or None])
        ]
    return [_listed_port(one) for one in value]


def _listed_port(value: object) -> Published:
    if isinstance(value, int):
        return Published(_container_port(str(value)), *_host_port(value))
    host, _, container = str(value).rpartition(":")
    return Published(_container_port(container), *_host_port(host or None))


def _container_port(text: str) -> str:
    found = _CONTAINER_PORT.fullmatch(text.strip())
    if not found or not 1 <= int(found[1]) <= MAX_PORT:
        raise Unreadable(
            zh=f"{_shown(text)} 不是容器端口：应为 1 到 65535，可带 /tcp、/udp 或 /sctp",
            en=f"{_shown(text)} is no container port: 1 to 65535, with an optional /tcp, /udp or /sctp",
        )
    return f"{int(found[1])}/{found[2] or 'tcp'}"


def _host_port(value: object) -> tuple[int | None, str]:
    if value is None:
        return None, ""
    found = None if isinstance(value, bool | float) else _PUBLISHED.fullmatch(str(value).strip())
    if not found or not 1 <= int(found["port"]) <= MAX_PORT:
        raise Unreadable(
            zh=f"{_shown(str(value))} 不是主机端口：应为 1 到 65535，或用 null 表示任意端口",
            en=f"{_shown(str(value))} is no host port: 1 to 65535, or null for any",
        )
    return int(found["port"]), (found["ip"] or "").strip("[]")


def ports_shown(ports: Iterable[Port]) -> dict[str, int | list[int] | None]:
    """The published ports as they are written in a request."""
    hosts: dict[str, list[int]] = {}
    for port in ports:
        known = hosts.setdefault(port.container, [])
        if port.host_port is not None and port.host_port not in known:
            known.append(port.host_port)
    return {
        port: None if not known else known[0] if len(known) == 1 else known for port, known in hosts.items()
    }


def ports_listed(ports: Iterable[Port]) -> list[str]:
    """The ports as a list shows them: `8080:80/tcp`, or `80/tcp` when the host does not publish it."""
    shown = (f"{p.host_port}:{p.container}" if p.host_port else p.container for p in ports)
    return list(dict.fromkeys(shown))


def ports_by_container(ports: Iterable[Port]) -> dict[str, list[dict[str, str]]]:
    """The ports as the engine's own network settings show them."""
    shown: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        hosts = shown.setdefault(port.container, [])
        if port.host_port is not None:
            hosts.append({"HostIp": port.host_ip, "HostPort": str(port.host_port)})
    return shown


@dataclass(frozen=True, slots=True)
class Volume:
    """A host path or a named volume, and where the container sees it."""

    source: str
    target: str
    read_only: bool

    @property
    def is_bind(self) -> bool:
        """Whether the source is a path of the host."""
        return self.source.startswith("/")

    @property
    def bind(self) -> str:
        """The engine's own short form."""
        return f"{self.source}:{self.target}:{'ro' if self.read_only else 'rw'}"


def volume(source: str, target: str) -> Volume:
    """The mount of `source` at `/container/path[:ro|:rw]`; raises Unreadable."""
    path, _, mode = target.partition(":")
    if not (source.startswith("/") or _VOLUME.fullmatch(source)) or _unclean(source):
        raise Unreadable(
            zh=f"{_shown(source)} 既不是主机绝对路径，也不是卷名",
            en=f"{_shown(source)} is neither an absolute path of the host nor the name of a volume",
        )
    if not absolute(path) or path == "/" or (mode or "rw") not in _MODES:
        raise Unreadable(
            zh=f"{_shown(target)} 不是容器内的绝对路径，可带 :ro 或 :rw",
            en=f"{_shown(target)} is no absolute path in the container, with an optional :ro or :rw",
        )
    # The engine is given what was judged: no `..` that it would resolve on its own.
    plain = plain_path(source) if source.startswith("/") else source
    return Volume(plain, path, mode == "ro")


def plain_path(path: str) -> str:
    """The absolute path without `.`, `..` and repeated slashes."""
    return "/" + posixpath.normpath(path).lstrip("/")


def absolute(path: str) -> bool:
    """Whether it is an absolute path that can be given to the engine."""
    return path.startswith("/") and not _unclean(path) and len(path.encode()) <= 4096


def _unclean(text: str) -> bool:
    # A colon would be read by the engine as the end of the path.
    return any(ord(character) < 32 or character in ":\x7f" for character in text)


def mounts_shown(mounts: Iterable[Mount]) -> dict[str, str]:
    """Binds and named volumes as they are written in a request."""
    return {
        mount.source: f"{mount.target}:ro" if mount.read_only else mount.target
        for mount in mounts
        if mount.kind in ("bind", "volume")
    }


def engine_moment(text: str) -> str:
    """RFC 3339 as the engine's `seconds.nanoseconds`; raises Unreadable."""
    found = _MOMENT.fullmatch(text.strip().replace(" ", "+"))
    try:
        if not found:
            raise ValueError
        zone = "+00:00" if found[3] in "Zz" else found[3]
        seconds = int(datetime.fromisoformat(found[1].upper() + zone).astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise Unreadable(
            zh=f"{_shown(text)} 不是 RFC 3339 时间，如 2025-08-01T12:00:00Z",
            en=f"{_shown(text)} is no RFC 3339 time such as 2025-08-01T12:00:00Z",
        ) from error
    return f"{seconds}.{(found[2] or '').ljust(9, '0')}"


def _shown(text: str) -> str:
    return repr(text[:80])

"""The create policy: what a container may ask of its host, decided on what the engine would be told.

Deny by default: whatever the engine's body says and no rule here knows is refused, so that no other
way to say the same thing slips through. Pure; what links on the host's disk mean is passed in.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eulermaker.features.containers.notation import plain_path
from eulermaker.kernel.faults import Language

#: Where engines and their parts listen: whoever may write there owns the host.
SOCKETS = (
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock", "/run/podman/podman.sock", "/var/run/podman/podman.sock",
    "/run/crio/crio.sock", "/var/run/crio/crio.sock",
)  # fmt: skip
_HARMLESS_OPTIONS = frozenset({"size"})
_PRIVATE = frozenset({None, "", "private", "rprivate"})
_OPEN_OPTIONS = frozenset({"no-new-privileges", "no-new-privileges:true", "no-new-privileges:false"})
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the policy refuses: the request's field, what it said, and why."""

    field: str
    value: str
    zh: str
    en: str

    def reason(self, language: Language) -> str:
        """Why, in that language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Confinement:
    """What is open to the caller.

    `bind_roots` are the host's directories that may be mounted; `sockets` are refused below them
    too. `resolve` tells what a path of the host means once links are followed; `owns` whether the
    caller owns the container of that reference.
    """

    bind_roots: tuple[str, ...] = ()
    sockets: tuple[str, ...] = SOCKETS
    resolve: Callable[[str], str] = plain_path
    owns: Callable[[str], bool] = lambda _reference: False


def violations(body: Json, confinement: Confinement) -> list[Violation]:
    """Everything in the body of a create request that the policy refuses."""
    found: list[Violation] = []
    for key, value in body.items():
        if key == "HostConfig":
            for own_key, own in value.items():
                found += _judge(own_key, own, confinement)
        elif key not in _HARMLESS_CONFIG:
            found += _unknown(key, value)
    return found


def _judge(key: str, value: Any, confinement: Confinement) -> Iterator[Violation]:
    rule = _RULES.get(key)
    if rule is not None:
        yield from rule(value, confinement)
    elif key not in _HARMLESS_HOST:
        yield from _unknown(key, value)


def _unknown(key: str, value: Any) -> Iterator[Violation]:
    if value not in (None, "", 0, False, [], {}):
        yield Violation(key, _text(value), "策略不认识这一设置", "the policy does not know this setting")


def _privileged(value: Any, _: Confinement) -> Iterator[Violation]:
    if value not in (None, False):
        yield Violation(
            "privileged", "true", "特权容器可以控制整台主机", "a privileged container owns the host"
        )


def _namespace(field: str, *, allowed: Iterable[str], named: bool = False) -> "Rule":
    """The rule of a namespace: its own, or that of a container which the caller owns."""
    known = frozenset(allowed)

    def rule(value: Any, confinement: Confinement) -> Iterator[Violation]:
        text = str(value or "")
        mode, _, other = text.partition(":")
        if mode == "container" and other:
            if not confinement.owns(other):
                yield Violation(
                    field,
                    text,
                    "该容器不属于您",
                    "that container belongs to somebody else",
                )
        elif text not in known and not (named and text.lower() != "host" and ":" not in text):
            yield Violation(
                field, text, "不能使用主机或他人的命名空间", "the host's namespaces are not to be shared"
            )

    return rule


def _binds(value: Any, confinement: Confinement) -> Iterator[Violation]:
    for bind in value or ():
        source = str(bind).partition(":")[0]
        # A relative path is a volume's name to the engine.
        if source.startswith("/"):
            yield from _host_path("volumes", source, confinement)
        elif any(part in source for part in ("/", "\\")) or source.startswith("."):
            yield Violation("volumes", source, "不是卷名", "this names no volume")


def _mounts(value: Any, confinement: Confinement) -> Iterator[Violation]:
    for mount in value or ():
        kind, source = mount.get("Type"), str(mount.get("Source") or "")
        options = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
        match kind:
            case "bind":
                yield from _host_path("mounts", source, confinement)
                if (mount.get("BindOptions") or {}).get("Propagation") not in _PRIVATE:
                    yield Violation(
                        "mounts", source, "不能把挂载传播到主机", "mounts must not spread to the host"
                    )
            case "volume":
                yield from volume_options("mounts", options.get("Name"), options.get("Options"))
            case "tmpfs":
                pass
            case _:
                yield Violation("mounts", _text(kind), "不支持这种挂载", "this kind of mount is not known")


def volume_options(field: str, driver: str | None, options: Json | None) -> Iterator[Violation]:
    """What is refused of a volume with these options: a local one may be any part of the host."""
    if driver not in (None, "", "local"):
        yield Violation(field, _text(driver), "不能使用该卷驱动", "this volume driver is not open to you")
    if any(name not in _HARMLESS_OPTIONS for name in options or {}):
        yield Violation(
            field,
            _text(options),
            "卷选项可以挂载主机的任意目录或设备",
            "options of a local volume can mount any directory or device of the host",
        )


def _host_path(field: str, source: str, confinement: Confinement) -> Iterator[Violation]:
    # Judged as written and as the links on the host's disk make it: both have to be open.
    meanings = {plain_path(source), plain_path(confinement.resolve(source))}
    if any(_touches(meaning, socket) for meaning in meanings for socket in confinement.sockets):
        yield Violation(
            field,
            source,
            "其中有容器引擎的套接字",
            "it holds the engine's socket",
        )
    elif not all(any(_inside(meaning, root) for root in confinement.bind_roots) for meaning in meanings):
        yield Violation(
            field,
            source,
            "不在允许挂载的主机目录之内",
            "it is outside the directories that may be mounted",
        )


def _touches(path: str, socket: str) -> bool:
    return _inside(path, socket) or _inside(socket, path)


def _inside(path: str, root: str) -> bool:
    plain = plain_path(root)
    return plain == "/" or path == plain or path.startswith(f"{plain}/")


def _refused_if_any(field: str, *, zh: str, en: str) -> "Rule":
    def rule(value: Any, _: Confinement) -> Iterator[Violation]:
        for one in value or ():
            yield Violation(field, _text(one), zh, en)

    return rule


def _security_options(value: Any, _: Confinement) -> Iterator[Violation]:
    for option in value or ():
        if str(option).replace("=", ":") not in _OPEN_OPTIONS:
            yield Violation(
                "security_opt",
                str(option),
                "不能更改 seccomp、AppArmor 或 SELinux 的限制",
                "seccomp, AppArmor and SELinux stay as they are",
            )


def _paths(value: Any, _: Confinement) -> Iterator[Violation]:
    # None is the engine's default; an empty list opens what it hides.
    if value is not None:
        yield Violation("security_opt", _text(value), "不能公开内核路径", "the kernel's paths stay hidden")


Rule = Callable[[Any, Confinement], Iterator[Violation]]
_DEVICES = _refused_if_any("devices", zh="不能使用主机设备", en="the host's devices are not open to you")
_CAPABILITIES = _refused_if_any(
    "cap_add", zh="不能添加内核能力", en="capabilities can be dropped, and not added"
)
_RULES: Mapping[str, Rule] = {
    "Privileged": _privileged,
    "NetworkMode": _namespace("network_mode", allowed=("", "default", "bridge", "none"), named=True),
    "PidMode": _namespace("pid_mode", allowed=("",)),
    "IpcMode": _namespace("ipc_mode", allowed=("", "none", "private", "shareable")),
    "UTSMode": _namespace("uts_mode", allowed=("",)),
    "UsernsMode": _namespace("userns_mode", allowed=("",)),
    "CgroupnsMode": _namespace("cgroupns_mode", allowed=("", "private")),
    "Binds": _binds,
    "Mounts": _mounts,
    "Devices": _DEVICES,
    "DeviceRequests": _DEVICES,
    "DeviceCgroupRules": _DEVICES,
    "CapAdd": _CAPABILITIES,
    "Capabilities": _CAPABILITIES,
    "SecurityOpt": _security_options,
    "MaskedPaths": _paths,
    "ReadonlyPaths": _paths,
}
_HARMLESS_CONFIG = frozenset(
    {
        "Image", "Cmd", "Entrypoint", "Env", "Labels", "WorkingDir", "User", "ExposedPorts", "Tty",
        "OpenStdin", "Healthcheck", "StopSignal", "StopTimeout", "Hostname",
    }
)  # fmt: skip
_HARMLESS_HOST = frozenset(
    {
        "Memory", "MemorySwap", "NanoCpus", "PortBindings", "RestartPolicy", "ReadonlyRootfs", "Tmpfs",
        "CapDrop", "Ulimits", "PidsLimit", "ShmSize", "Init", "AutoRemove",
    }
)  # fmt: skip


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))[:200]

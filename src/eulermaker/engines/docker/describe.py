"""The engine's own descriptions as the port's records."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from eulermaker.engines.containers import (
    Container,
    ContainerConfig,
    EngineEvent,
    Mount,
    Port,
    Status,
    Usage,
)

Json = Mapping[str, Any]

_STATUS = {"exited": Status.STOPPED}
_FRACTION = re.compile(r"(\.\d{6})\d*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", re.IGNORECASE | re.ASCII)
_EXIT_CODE = re.compile(r"\((\d+)\)")


def listed(entry: Json) -> Container:
    """An entry of the engine's list; its details are missing."""
    code = _EXIT_CODE.search(entry.get("Status") or "")
    networks: Json = (entry.get("NetworkSettings") or {}).get("Networks") or {}
    return Container(
        id=entry["Id"],
        name=_name(entry.get("Names") or ()),
        image=entry["Image"],
        image_id=entry["ImageID"],
        status=_status(entry["State"]),
        created_at=datetime.fromtimestamp(entry["Created"], UTC),
        exit_code=int(code[1]) if code else None,
        ports=tuple(
            Port(f"{port['PrivatePort']}/{port['Type']}", port.get("IP", ""), port.get("PublicPort"))
            for port in entry.get("Ports") or ()
        ),
        labels=entry.get("Labels") or {},
        ip_address=_first_address(networks),
        addresses=_addresses(networks),
        networks=tuple(networks),
    )


def inspected(told: Json) -> Container:
    """An inspected container."""
    state, config, host = told["State"], told["Config"], told["HostConfig"]
    network = told.get("NetworkSettings") or {}
    networks: Json = network.get("Networks") or {}
    status = _status(state["Status"])
    ports = tuple(_ports(network.get("Ports") or {}))
    return Container(
        id=told["Id"],
        name=_name([told["Name"]]),
        image=config["Image"],
        image_id=told["Image"],
        status=status,
        created_at=moment(told["Created"]) or datetime.fromtimestamp(0, UTC),
        started_at=moment(state["StartedAt"]),
        finished_at=moment(state["FinishedAt"]),
        exit_code=None if status is Status.CREATED else state["ExitCode"],
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        health=(state.get("Health") or {}).get("Status"),
        restart_count=told.get("RestartCount") or 0,
        pid=state.get("Pid") or None,
        ports=ports,
        labels=config.get("Labels") or {},
        ip_address=network.get("IPAddress") or _first_address(networks),
        addresses=_addresses(networks),
        networks=tuple(networks),
        config=_config(config, host, told.get("Mounts") or ()),
    )


def usage(sample: Json) -> Usage:
    """A sample of a container's counters; page cache that can be dropped is no memory used."""
    cpu, memory = sample["cpu_stats"], sample.get("memory_stats") or {}
    details: Json = memory.get("stats") or {}
    # cgroup v1 says total_inactive_file, v2 inactive_file.
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    networks: Sequence[Json] = list((sample.get("networks") or {}).values())
    blocks: Sequence[Json] = (sample.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []
    return Usage(
        at=moment(sample["read"]) or datetime.now(UTC),
        cpu_total=cpu["cpu_usage"]["total_usage"],
        cpu_system=cpu.get("system_cpu_usage") or 0,
        cpus=cpu.get("online_cpus") or len(cpu["cpu_usage"].get("percpu_usage") or ()) or 1,
        memory=max(0, memory.get("usage", 0) - cache),
        memory_limit=memory.get("limit", 0),
        rx_bytes=sum(network["rx_bytes"] for network in networks),
        tx_bytes=sum(network["tx_bytes"] for network in networks),
        read_bytes=_blocks(blocks, "read"),
        write_bytes=_blocks(blocks, "write"),
        pids=(sample.get("pids_stats") or {}).get("current") or 0,
    )


def event(told: Json) -> EngineEvent:
    """One message of the engine's event stream."""
    actor = told.get("Actor") or {}
    return EngineEvent(
        kind=told["Type"],
        action=told["Action"],
        id=actor.get("ID") or told.get("id") or "",
        attributes=actor.get("Attributes") or {},
        at_ns=told["timeNano"],
    )


def _config(config: Json, host: Json, mounts: Sequence[Json]) -> ContainerConfig:
    policy = host.get("RestartPolicy") or {}
    cpus = host.get("NanoCpus") or 0
    environment = (item.partition("=") for item in config.get("Env") or ())
    return ContainerConfig(
        command=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        environment={name: value for name, _, value in environment},
        mounts=tuple(
            Mount(
                mount["Type"],
                mount.get("Name") or mount.get("Source") or "",
                mount["Destination"],
                not mount.get("RW", True),
            )
            for mount in mounts
        ),
        ports=tuple(_ports(host.get("PortBindings") or {})),
        memory=host.get("Memory") or None,
        cpus=cpus / 1e9 if cpus else _quota(host),
        working_dir=config.get("WorkingDir") or "",
        user=config.get("User") or "",
        network_mode=host.get("NetworkMode") or "",
        restart_policy=_restart_policy(policy),
        tty=bool(config.get("Tty")),
        privileged=bool(host.get("Privileged")),
        log_file_bytes=_log_file_bytes(host.get("LogConfig") or {}),
    )


def _log_file_bytes(log: Json) -> int | None:
    found = _SIZE.fullmatch((log.get("Config") or {}).get("max-size") or "")
    return int(float(found[1]) * 1000 ** " kmgt".index(found[2].lower() or " ")) if found else None


def _restart_policy(policy: Json) -> str:
    name, retries = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    return f"{name}:{retries}" if retries else str(name)


def _quota(host: Json) -> float | None:
    quota, period = host.get("CpuQuota") or 0, host.get("CpuPeriod") or 100_000
    return quota / period if quota > 0 else None


def _ports(bindings: Json) -> list[Port]:
    found: list[Port] = []
    for port, hosts in bindings.items():
        # A port that is exposed and not published has no hosts.
        unpublished: list[Json] = [{}]
        for published in hosts or unpublished:
            host_port = published.get("HostPort")
            found.append(Port(port, published.get("HostIp") or "", int(host_port) if host_port else None))
    return found


def _name(names: Sequence[str]) -> str:
    # A linked container is also listed under the names of those that link to it.
    own = [name for name in names if name.count("/") == 1] or list(names) or [""]
    return own[0].removeprefix("/")


def _status(text: str) -> Status:
    return _STATUS.get(text) or Status(text)


def _addresses(networks: Json) -> tuple[str, ...]:
    keys = ("IPAddress", "GlobalIPv6Address")
    told = (network.get(key) for network in networks.values() if network for key in keys)
    return tuple(address for address in told if address)


def _first_address(networks: Json) -> str:
    return next((n["IPAddress"] for n in networks.values() if n and n.get("IPAddress")), "")


def _blocks(entries: Sequence[Json], operation: str) -> int:
    return sum(entry["value"] for entry in entries if entry["op"].lower() == operation)


def moment(text: str) -> datetime | None:
    # The engine says "0001-01-01T00:00:00Z" for never, and nanoseconds otherwise.
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(_FRACTION.sub(r"\1", text).replace("Z", "+00:00"))

"""What a request asks for, as the body that the engine is told (Engine API, ContainerCreate)."""

from typing import Any

from eulermaker.features.containers.notation import (
    memory_bytes,
    nano_cpus,
    plain_path,
    published_ports,
    volume,
)
from eulermaker.features.containers.schemas import Changes, HealthCheck, MountWanted, NewContainer, Ulimit
from eulermaker.kernel.call import Call
from eulermaker.kernel.ownership import owner_labels

NO_NEW_PRIVILEGES = "no-new-privileges"
SECOND = 10**9


def create_body(wanted: NewContainer, call: Call) -> dict[str, Any]:
    """The body of the request that creates the container; what was not asked for is left out."""
    ports = published_ports(wanted.ports)
    body: dict[str, Any] = {
        "Image": wanted.image,
        "Cmd": wanted.command,
        "Entrypoint": wanted.entrypoint,
        "Env": [f"{name}={value}" for name, value in wanted.environment.items()],
        "Labels": {**wanted.labels, **owner_labels(call)},
        "WorkingDir": wanted.working_dir,
        "User": wanted.user,
        "Hostname": wanted.hostname,
        "ExposedPorts": {port.container: {} for port in ports},
        "Tty": wanted.tty,
        "OpenStdin": wanted.stdin_open,
        "StopSignal": wanted.stop_signal,
        "StopTimeout": wanted.stop_timeout,
        "Healthcheck": wanted.health_check and _health(wanted.health_check),
        "HostConfig": _host(wanted),
    }
    return _given(body)


def update_body(changes: Changes) -> dict[str, Any]:
    """The body of the request that changes limits; empty when there is none to change."""
    return _given(
        {
            **_limits(changes.memory_limit, changes.cpu_limit),
            "PidsLimit": changes.pids_limit,
            "RestartPolicy": _restart(changes.restart_policy),
        }
    )


def _host(wanted: NewContainer) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in published_ports(wanted.ports):
        host = "" if port.host_port is None else str(port.host_port)
        bindings.setdefault(port.container, []).append({"HostIp": port.host_ip, "HostPort": host})
    return _given(
        {
            **_limits(wanted.memory_limit, wanted.cpu_limit),
            "PidsLimit": wanted.pids_limit,
            "ShmSize": None if wanted.shm_size is None else memory_bytes(wanted.shm_size),
            "RestartPolicy": _restart(wanted.restart_policy),
            "PortBindings": bindings,
            "Binds": [volume(source, target).bind for source, target in wanted.volumes.items()],
            "Mounts": [_mount(one) for one in wanted.mounts],
            "Tmpfs": wanted.tmpfs,
            "ReadonlyRootfs": wanted.read_only,
            "Init": wanted.init,
            "AutoRemove": wanted.auto_remove,
            "CapDrop": wanted.cap_drop,
            "CapAdd": wanted.cap_add,
            "Ulimits": [_ulimit(name, limit) for name, limit in wanted.ulimits.items()],
            "SecurityOpt": _security(wanted),
            "Privileged": wanted.privileged,
            "Devices": [_device(text) for text in wanted.devices],
            "NetworkMode": wanted.network_mode,
            "PidMode": wanted.pid_mode,
            "IpcMode": wanted.ipc_mode,
            "UTSMode": wanted.uts_mode,
            "UsernsMode": wanted.userns_mode,
            "CgroupnsMode": wanted.cgroupns_mode,
        }
    )


def _limits(memory: int | str | None, cpus: float | str | None) -> dict[str, Any]:
    size = None if memory is None else memory_bytes(memory)
    return {
        "Memory": size,
        # The engine's own default, said aloud: a change of the one is refused without the other.
        "MemorySwap": None if size is None else 2 * size,
        "NanoCpus": None if cpus is None else nano_cpus(cpus),
    }


def _restart(policy: str | None) -> dict[str, Any] | None:
    if policy is None:
        return None
    name, _, retries = policy.partition(":")
    return {"Name": name, "MaximumRetryCount": int(retries or 0)}


def _mount(wanted: MountWanted) -> dict[str, Any]:
    driver = wanted.driver or ("local" if wanted.driver_options else None)
    return _given(
        {
            "Type": wanted.type,
            "Source": plain_path(wanted.source) if wanted.type == "bind" else wanted.source,
            "Target": wanted.target,
            "ReadOnly": wanted.read_only,
            "BindOptions": wanted.propagation and {"Propagation": wanted.propagation},
            "VolumeOptions": driver and {"DriverConfig": {"Name": driver, "Options": wanted.driver_options}},
        }
    )


def _security(wanted: NewContainer) -> list[str]:
    own = [option for option in wanted.security_opt if not option.startswith(NO_NEW_PRIVILEGES)]
    said = [option for option in wanted.security_opt if option.startswith(NO_NEW_PRIVILEGES)]
    return own + (said or ([NO_NEW_PRIVILEGES] if wanted.no_new_privileges else []))


def _ulimit(name: str, limit: Ulimit | int) -> dict[str, Any]:
    soft, hard = (limit, limit) if isinstance(limit, int) else (limit.soft, limit.hard)
    return {"Name": name, "Soft": soft, "Hard": hard}


def _device(text: str) -> dict[str, str]:
    host, *rest = text.split(":")
    inside = rest[0] if rest and rest[0].startswith("/") else host
    rights = rest[-1] if rest and not rest[-1].startswith("/") else "rwm"
    return {"PathOnHost": host, "PathInContainer": inside, "CgroupPermissions": rights}


def _health(check: HealthCheck) -> dict[str, Any]:
    test = ["CMD-SHELL", check.test] if isinstance(check.test, str) else check.test
    known = test[0] in ("CMD", "CMD-SHELL", "NONE")
    return {
        "Test": test if known else ["CMD", *test],
        "Interval": int(check.interval * SECOND),
        "Timeout": int(check.timeout * SECOND),
        "StartPeriod": int(check.start_period * SECOND),
        "Retries": check.retries,
    }


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value or (value == 0 and value is not False)}

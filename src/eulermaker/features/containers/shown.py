"""Containers as they are shown."""

from eulermaker.engines.containers import Container, ContainerConfig, Status
from eulermaker.features.containers import schemas
from eulermaker.features.containers.notation import (
    cpus_text,
    memory_text,
    mounts_shown,
    ports_by_container,
    ports_listed,
    ports_shown,
)
from eulermaker.features.containers.rules import public


def shown_id(container: str) -> str:
    """The documented id: `container_` and twelve hexadecimal digits of the engine's."""
    return f"container_{container[:12]}"


def summary(container: Container) -> schemas.Summary:
    """The container in a list."""
    return schemas.Summary(
        id=shown_id(container.id),
        name=container.name,
        image=container.image,
        status=container.status,
        created_at=container.created_at,
        started_at=container.started_at,
        ports=ports_listed(container.ports),
        labels=public(container.labels),
        health=container.health,
    )


def created(container: Container) -> schemas.Created:
    """The container, just created."""
    return schemas.Created(
        id=shown_id(container.id),
        name=container.name,
        image=container.image,
        status=container.status,
        created_at=container.created_at,
        config=config(container.config or ContainerConfig()),
        labels=public(container.labels),
    )


def detail(container: Container) -> schemas.Detail:
    """Everything about the container."""
    return schemas.Detail(
        id=shown_id(container.id),
        name=container.name,
        image=container.image,
        image_id=container.image_id,
        status=container.status,
        created_at=container.created_at,
        started_at=container.started_at,
        finished_at=container.finished_at,
        config=config(container.config or ContainerConfig()),
        state=schemas.State(
            status=container.status,
            running=container.status in (Status.RUNNING, Status.PAUSED, Status.RESTARTING),
            paused=container.status is Status.PAUSED,
            restarting=container.status is Status.RESTARTING,
            exit_code=container.exit_code or 0,
            error=container.error,
            oom_killed=container.oom_killed,
            health=container.health,
            pid=container.pid,
            restart_count=container.restart_count,
        ),
        network=schemas.Network(
            ip_address=container.ip_address,
            ports=ports_by_container(container.ports),
            networks=list(container.networks),
        ),
        labels=public(container.labels),
    )


def config(told: ContainerConfig) -> schemas.Config:
    """How the container was configured."""
    return schemas.Config(
        command=list(told.command),
        entrypoint=list(told.entrypoint),
        environment=dict(told.environment),
        volumes=mounts_shown(told.mounts),
        ports=ports_shown(told.ports),
        memory_limit=None if told.memory is None else memory_text(told.memory),
        cpu_limit=None if told.cpus is None else cpus_text(told.cpus),
        working_dir=told.working_dir,
        user=told.user,
        network_mode=told.network_mode,
        restart_policy=told.restart_policy,
        tty=told.tty,
        privileged=told.privileged,
    )

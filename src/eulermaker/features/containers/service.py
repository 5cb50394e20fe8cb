"""What the rest of the program may ask about containers."""

import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from anyio import to_thread

from eulermaker.engines.containers import (
    CONTAINER_NOT_FOUND,
    CONTAINER_STATE_CONFLICT,
    IMAGE_NOT_FOUND,
    Container,
    NewContainer,
    Status,
)
from eulermaker.engines.containers import Containers as EngineContainers
from eulermaker.engines.port import ENGINE_REFUSED
from eulermaker.engines.volumes import VOLUME_NOT_FOUND
from eulermaker.features.audit.notebook import Notebook
from eulermaker.features.containers import blueprint, commands, schemas, shown
from eulermaker.features.containers.faults import CREATE_REFUSED, PORT_IN_USE
from eulermaker.features.containers.listing import Details, Filter, Lists
from eulermaker.features.containers.notation import plain_path
from eulermaker.features.containers.policy import SOCKETS, Confinement, Violation, violations, volume_options
from eulermaker.features.containers.rules import Action, possible
from eulermaker.features.containers.stats import StatsHub
from eulermaker.features.containers.view import LiveView
from eulermaker.features.images.service import Images
from eulermaker.features.networks.service import Networks
from eulermaker.features.volumes.schemas import NewVolume
from eulermaker.features.volumes.service import Volumes
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.ownership import CONTAINERS, VOLUMES
from eulermaker.kernel.paging import Page

T = TypeVar("T")

#: So much of a command is noted for the audit record.
MAX_COMMAND = 1000

#: Networks that every engine has; `default` stands for one of them.
_KILLS = frozenset({"SIGKILL", "KILL", "9"})
_PREDEFINED = frozenset({"default", "bridge", "none", "host"})


class Containers:
    """Create, run, watch and remove containers."""

    def __init__(
        self,
        engine: EngineContainers,
        view: LiveView,
        hub: StatsHub,
        *,
        images: Images,
        volumes: Volumes,
        networks: Networks,
        notebook: Notebook,
        bind_roots: Sequence[str],
        docker_host: str,
        clock: Clock,
    ) -> None:
        self.engine = engine
        self.view = view
        self.hub = hub
        self._images = images
        self._volumes = volumes
        self._networks = networks
        self._notebook = notebook
        self._bind_roots = tuple(bind_roots)
        # The engine may listen somewhere else than engines usually do.
        own = urlsplit(docker_host)
        self._sockets = (*SOCKETS, own.path) if own.scheme == "unix" else SOCKETS
        self.clock = clock
        self._lists = Lists(view)
        self._details = Details()

    def page(self, call: Call, wanted: Filter, page: Page) -> bytes:
        """One page of the containers that the caller may see, newest first, as JSON."""
        call.require(Permission.CONTAINERS_READ)
        self.view.require_connected()
        principal = call.principal
        whose = principal.tenant, principal.user, principal.role
        return self._lists.page((whose, wanted, page), lambda labels: CONTAINERS.sees(call, labels))

    def get(self, call: Call, reference: str) -> Container:
        """The container; raises `container-not-found`, also for those that the caller may not see."""
        call.require(Permission.CONTAINERS_READ)
        self.view.require_connected()
        found = self.view.find(reference)
        if found is None or not CONTAINERS.sees(call, found.labels):
            raise _missing(reference)
        return found

    async def described(self, call: Call, reference: str) -> Container:
        """The container with its details."""
        found = self.get(call, reference)
        if found.config is None:
            return await self.view.refresh(found.id) or _raise(_missing(reference))
        return found

    async def detail(self, call: Call, reference: str) -> bytes:
        """Everything about the container, as JSON."""
        return self._details.of(await self.described(call, reference))

    async def inspect(self, call: Call, reference: str) -> Mapping[str, Any]:
        """The engine's own description."""
        return await self.engine.inspect(self.get(call, reference).id)

    def changeable(self, call: Call, reference: str) -> Container:
        """The container, which the caller may change; raises `container-not-found` and `forbidden`."""
        found = self.get(call, reference)
        CONTAINERS.require_change(call, found.labels)
        return found

    async def judge(self, call: Call, wanted: schemas.NewContainer) -> list[Violation]:
        """Everything that the create policy would refuse the caller."""
        call.require(Permission.CONTAINERS_WRITE)
        if call.principal.may(Permission.CONTAINERS_UNCONFINED):
            return []
        found = violations(blueprint.create_body(wanted, call), await self._confinement(call, wanted))
        return found + await self._judge_volumes(call, wanted)

    async def create(self, call: Call, wanted: schemas.NewContainer) -> Container:
        """Create a container of the caller's own; an image that is missing is pulled.

        Raises `create-policy-refused`, `name-in-use`, `image-not-found`, `container-refused`.
        """
        noting = self._notebook.noting(
            call,
            "container.create",
            resource_type="container",
            resource_id=wanted.name or "",
            image=wanted.image[:255],
        )
        with noting as details:
            call.require(Permission.CONTAINERS_WRITE)
            self.view.require_connected()
            refused = await self.judge(call, wanted)
            if refused:
                details["refused"] = _fields(refused)
                raise _refused(refused, call)
            await self._prepare(call, wanted)
            body = blueprint.create_body(wanted, call)
            details["id"] = container = await self._created(NewContainer(wanted.name, body))
            if call.principal.may(Permission.CONTAINERS_UNCONFINED) and (
                outside := violations(body, Confinement())
            ):
                # What would have been refused to others.
                details["unconfined"] = _fields(outside)
            return await self.view.refresh(container) or _raise(_missing(container))

    async def start(self, call: Call, reference: str) -> Container:
        """Start it; raises `container-state-conflict` when it runs already."""
        with self._noting(call, "start", reference):
            found = self.changeable(call, reference)
            await self._act(found, Action.START, self.engine.start(found.id))
            return self._assume(found, Status.RUNNING, started=True)

    async def stop(self, call: Call, reference: str, *, grace: int) -> Container:
        """Stop it; raises `container-state-conflict` when it does not run."""
        with self._noting(call, "stop", reference):
            found = self.changeable(call, reference)
            await self._act(found, Action.STOP, self.engine.stop(found.id, grace=grace))
            return self._assume(found, Status.STOPPED, finished=True)

    async def restart(self, call: Call, reference: str, *, grace: int) -> Container:
        """Stop and start it."""
        with self._noting(call, "restart", reference):
            found = self.changeable(call, reference)
            await self._act(found, Action.RESTART, self.engine.restart(found.id, grace=grace))
            return self._assume(found, Status.RUNNING, started=True)

    async def pause(self, call: Call, reference: str) -> Container:
        """Freeze it; raises `container-state-conflict` unless it runs."""
        with self._noting(call, "pause", reference):
            found = self.changeable(call, reference)
            await self._act(found, Action.PAUSE, self.engine.pause(found.id))
            return self._assume(found, Status.PAUSED)

    async def unpause(self, call: Call, reference: str) -> Container:
        """Let it go on; raises `container-state-conflict` unless it is paused."""
        with self._noting(call, "unpause", reference):
            found = self.changeable(call, reference)
            await self._act(found, Action.UNPAUSE, self.engine.unpause(found.id))
            return self._assume(found, Status.RUNNING)

    async def kill(self, call: Call, reference: str, *, signal: str) -> Container:
        """Send a signal to its first process; raises `container-state-conflict` when it does not run."""
        with self._noting(call, "kill", reference, signal=signal):
            found = self.changeable(call, reference)
            await self._act(found, Action.KILL, self.engine.kill(found.id, signal=signal))
            # What a signal does is the process's affair; only this one leaves no choice, and is waited for.
            return self._assume(found, Status.STOPPED, finished=True) if signal in _KILLS else found

    async def remove(self, call: Call, reference: str, *, force: bool) -> None:
        """Remove it with its anonymous volumes.

        Raises `container-state-conflict` when it runs and `force` is not set.
        """
        with self._noting(call, "delete", reference, force=force):
            found = self.changeable(call, reference)
            await self._act(found, Action.DELETE, self.engine.remove(found.id, force=force, volumes=True))
            self.view.forget(found.id)

    async def rename(self, call: Call, reference: str, *, name: str) -> Container:
        """Give it another name; raises `name-in-use`."""
        with self._noting(call, "rename", reference, to=name):
            found = self.changeable(call, reference)
            await self._act(found, Action.UPDATE, self.engine.rename(found.id, name=name))
            return await self.view.refresh(found.id) or _raise(_missing(reference))

    async def change(self, call: Call, reference: str, changes: schemas.Changes) -> Container:
        """Change its limits, its restart policy and its name; raises `container-refused`, `name-in-use`."""
        with self._noting(call, "update", reference):
            found = self.changeable(call, reference)
            limits = blueprint.update_body(changes)
            if limits:
                await self._act(found, Action.UPDATE, self.engine.update(found.id, limits=limits))
            if changes.name is not None and changes.name != found.name:
                return await self.rename(call, found.id, name=changes.name)
            return await self.view.refresh(found.id) or _raise(_missing(reference))

    async def execute(self, call: Call, reference: str, wanted: schemas.NewExec) -> schemas.Executed:
        """Run a command in it to its end; raises `container-state-conflict` unless it runs."""
        with self._noting(call, "exec", reference, command=" ".join(wanted.command)[:MAX_COMMAND]):
            found = self.changeable(call, reference)
            return await self._act(found, Action.EXEC, commands.run(self.engine, found, wanted))

    async def top(self, call: Call, reference: str) -> schemas.Processes:
        """Its processes; raises `container-state-conflict` unless it runs."""
        found = self.get(call, reference)
        titles, processes = await self._act(found, Action.TOP, self.engine.top(found.id))
        return schemas.Processes(titles=list(titles), processes=[list(row) for row in processes])

    def running(self, call: Call, reference: str, action: Action) -> Container:
        """The container in a state in which that is possible; raises `container-state-conflict`."""
        found = self.get(call, reference)
        if not possible(action, found.status):
            raise _conflict(found, action)
        return found

    async def stats(self, call: Call, reference: str) -> schemas.Stats:
        """A sample of its counters; raises `container-state-conflict` unless it runs."""
        found = self.running(call, reference, Action.STATS)
        return await self._act(found, Action.STATS, self.hub.once(found.id))

    def download(
        self, call: Call, reference: str, path: str
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A tar stream of a file or a directory in it; raises `container-path-not-found`."""
        return self.engine.download(self.changeable(call, reference).id, path)

    async def upload(self, call: Call, reference: str, path: str, archive: AsyncIterable[bytes]) -> None:
        """Unpack a tar stream into a directory of it; raises as the engine's port does."""
        with self._noting(call, "upload", reference, path=path):
            await self.engine.upload(self.changeable(call, reference).id, path, archive)

    async def _confinement(self, call: Call, wanted: schemas.NewContainer) -> Confinement:
        sources = [*wanted.volumes, *(mount.source for mount in wanted.mounts)]
        paths = [source for source in sources if source.startswith("/")]
        # Links count as this machine resolves them; on an engine elsewhere they cannot be known.
        real = await to_thread.run_sync(_real_paths, paths) if paths else {}
        return Confinement(
            bind_roots=self._bind_roots,
            sockets=self._sockets,
            resolve=lambda path: real.get(path, path),
            owns=lambda reference: self._changes(call, reference),
        )

    def _changes(self, call: Call, reference: str) -> bool:
        found = self.view.find(reference)
        return (
            found is not None
            and CONTAINERS.sees(call, found.labels)
            and CONTAINERS.changes(call, found.labels)
        )

    async def _judge_volumes(self, call: Call, wanted: schemas.NewContainer) -> list[Violation]:
        """What is refused of the named volumes that exist: whose they are, and what they really are."""
        found: list[Violation] = []
        for field, name in _named_volumes(wanted):
            try:
                volume = await self._volumes.get(call, name)
            except Fault as fault:
                if fault.entry is not VOLUME_NOT_FOUND:
                    raise
                continue
            if not VOLUMES.changes(call, volume.labels):
                found.append(Violation(field, name, "该卷属于他人", "the volume belongs to somebody else"))
            found += volume_options(field, volume.driver, volume.options)
        return found

    async def _prepare(self, call: Call, wanted: schemas.NewContainer) -> None:
        """See that what is named is there and the caller's to use: its volumes and its network."""
        for _, name in _named_volumes(wanted):
            try:
                await self._volumes.get(call, name)
            except Fault as fault:
                if fault.entry is not VOLUME_NOT_FOUND:
                    raise
                # The engine would make one that is nobody's. One that is somebody else's is told as taken.
                await self._volumes.create(call, NewVolume(name=name))
        network = wanted.network_mode
        if network and network not in _PREDEFINED and not network.startswith("container:"):
            await self._networks.get(call, network)

    async def _created(self, new: NewContainer) -> str:
        try:
            return await self.engine.create(new)
        except Fault as fault:
            if fault.entry is not IMAGE_NOT_FOUND:
                raise
        await self._images.ensure(str(new.config["Image"]))
        return await self.engine.create(new)

    async def _act(self, container: Container, action: Action, work: Awaitable[T]) -> T:
        """Do it; where the engine refuses because of the container's state, that state is named."""
        try:
            return await work
        except Fault as fault:
            if fault.entry not in (CONTAINER_STATE_CONFLICT, ENGINE_REFUSED):
                raise
            now = await self.view.refresh(container.id) or _raise(_missing(container.id))
            if fault.entry is CONTAINER_STATE_CONFLICT or not possible(action, now.status):
                raise _conflict(now, action) from fault
            if action in (Action.START, Action.RESTART) and (taken := self._taken_port(now)):
                raise PORT_IN_USE(port=taken, details={"port": taken, "resource_type": "port"}) from fault
            raise

    def _taken_port(self, container: Container) -> int | None:
        """A port of the host that the container wants and another one has."""
        wanted = {port.host_port for port in container.config.ports} if container.config else set()
        for other in self.view.newest_first():
            if other.id != container.id and other.status in (Status.RUNNING, Status.PAUSED):
                for port in other.ports:
                    if port.host_port is not None and port.host_port in wanted:
                        return port.host_port
        return None

    def _assume(
        self, seen: Container, status: Status, *, started: bool = False, finished: bool = False
    ) -> Container:
        now = self.clock()
        assumed = replace(
            seen,
            status=status,
            started_at=now if started else seen.started_at,
            finished_at=now if finished else seen.finished_at,
        )
        self.view.assume(seen, assumed)
        return assumed

    def _noting(
        self, call: Call, action: str, reference: str, **details: Any
    ) -> AbstractContextManager[dict[str, Any]]:
        found = self.view.find(reference)
        if found is not None:
            details["name"] = found.name
        return self._notebook.noting(
            call,
            f"container.{action}",
            resource_type="container",
            resource_id=found.id if found else reference,
            **details,
        )


def _fields(found: Sequence[Violation]) -> list[str]:
    return sorted({violation.field for violation in found})


def _named_volumes(wanted: schemas.NewContainer) -> list[tuple[str, str]]:
    short = [("volumes", source) for source in wanted.volumes if not source.startswith("/")]
    return short + [
        ("mounts", mount.source)
        for mount in wanted.mounts
        if mount.type == "volume" and mount.source and not mount.driver_options
    ]


def _real_paths(paths: Sequence[str]) -> dict[str, str]:
    return {plain_path(path): os.path.realpath(path) for path in paths}


def _raise(fault: Fault) -> Container:
    raise fault


def _missing(reference: str) -> Fault:
    return CONTAINER_NOT_FOUND(
        container=reference, details={"container_id": reference, "resource_type": "container"}
    )


def _conflict(container: Container, action: Action) -> Fault:
    state = container.status.value
    details = {
        "container_id": shown.shown_id(container.id),
        "resource_type": "container",
        "state": state,
        "action": action.value,
    }
    return CONTAINER_STATE_CONFLICT(state=state, action=action.value, details=details)


def _refused(found: Sequence[Violation], call: Call) -> Fault:
    first = found[0]
    told = [{"field": v.field, "value": v.value, "message": v.reason(call.language)} for v in found]
    return CREATE_REFUSED(
        field=first.field,
        reason_zh=first.zh,
        reason_en=first.en,
        details={"field": first.field, "violations": told},
    )

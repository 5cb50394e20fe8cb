"""Containers: their life, what they say and use, and the files in them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Literal

from eulermaker.client.container_log import ContainerLog
from eulermaker.client.container_models import (
    BatchResults,
    Container,
    ContainerChange,
    ContainerLogs,
    ContainerPage,
    ContainerSummary,
    ContainerUpdate,
    Executed,
    Processes,
    Stats,
    Verdict,
)
from eulermaker.client.errors import EulerMakerError
from eulermaker.client.frames import frames, told
from eulermaker.client.models import parse
from eulermaker.client.retry import Attempts
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment

_PATIENCE = 60.0  # seconds beyond what the server itself waits for a container
_CHUNK = 256 * 1024

Action = Literal["start", "stop", "restart", "pause", "unpause", "kill", "delete"]


class Containers:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, image: str, **fields: Any) -> Container:
        """Creates a container; `fields` are those of the API, e.g. `name`, `command`, `memory_limit`."""
        body = {"image": image, **_given(fields)}
        return parse(Container, self._transport.data(Call(method="POST", path="/containers", json=body)))

    def validate(self, image: str, **fields: Any) -> Verdict:
        """What the create policy would refuse of `create` with the same arguments."""
        body = {"image": image, **_given(fields)}
        call = Call(method="POST", path="/containers/validate", json=body)
        return parse(Verdict, self._transport.data(call))

    def list(
        self,
        *,
        status: str | None = None,
        name: str | None = None,
        image: str | None = None,
        label: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> ContainerPage:
        """One page of containers, the newest first; `label` is `key` or `key=value`."""
        filters = _given({"status": status, "name": name, "image": image, "label": label})
        params = {"limit": limit, "offset": offset, **filters}
        return parse(
            ContainerPage, self._transport.data(Call(method="GET", path="/containers", params=params))
        )

    def iterate(
        self,
        *,
        status: str | None = None,
        name: str | None = None,
        image: str | None = None,
        label: str | None = None,
        page_size: int = 100,
    ) -> Iterator[ContainerSummary]:
        """Every container, each once, page by page; ones that change meanwhile may be left out."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = self.list(
                status=status, name=name, image=image, label=label, limit=page_size, offset=offset
            )
            for container in page.containers:
                if container.id not in seen:
                    seen.add(container.id)
                    yield container
            offset += len(page.containers)
            if not page.containers or offset >= page.total:
                return

    def get(self, container: str) -> Container:
        """All that is known about a container, which is named by its id, a beginning of it, or its name."""
        return parse(Container, self._transport.data(Call(method="GET", path=_path(container))))

    def start(self, container: str) -> ContainerChange:
        """Starts a container."""
        return self._act(container, "start")

    def stop(self, container: str, *, timeout: int = 10) -> ContainerChange:
        """Stops a container; it is killed after `timeout` seconds."""
        return self._act(container, "stop", {"timeout": timeout}, silence=timeout + _PATIENCE)

    def restart(self, container: str, *, timeout: int = 10) -> ContainerChange:
        """Stops a container as `stop` does, and starts it."""
        return self._act(container, "restart", {"timeout": timeout}, silence=timeout + _PATIENCE)

    def pause(self, container: str) -> ContainerChange:
        """Freezes a container."""
        return self._act(container, "pause")

    def unpause(self, container: str) -> ContainerChange:
        """Lets a frozen container go on."""
        return self._act(container, "unpause")

    def kill(self, container: str, *, signal: str = "SIGKILL") -> ContainerChange:
        """Sends a signal to a container's first process."""
        return self._act(container, "kill", {"signal": signal})

    def remove(self, container: str, *, force: bool = False) -> None:
        """Removes a container; one that runs only with `force`."""
        params = {"force": "true" if force else "false"}
        self._transport.data(Call(method="DELETE", path=_path(container), params=params))

    def rename(self, container: str, name: str) -> ContainerUpdate:
        """Gives a container another name."""
        call = Call(method="POST", path=_path(container, "rename"), json={"name": name})
        return parse(ContainerUpdate, self._transport.data(call))

    def update(
        self,
        container: str,
        *,
        name: str | None = None,
        memory_limit: int | str | None = None,
        cpu_limit: float | str | None = None,
        pids_limit: int | None = None,
        restart_policy: str | None = None,
    ) -> ContainerUpdate:
        """Changes what is given; the rest stays."""
        body = _given(
            {
                "name": name,
                "memory_limit": memory_limit,
                "cpu_limit": cpu_limit,
                "pids_limit": pids_limit,
                "restart_policy": restart_policy,
            }
        )
        call = Call(method="PATCH", path=_path(container), json=body)
        return parse(ContainerUpdate, self._transport.data(call))

    def batch(
        self,
        action: Action,
        containers: Sequence[str],
        *,
        timeout: int = 10,
        force: bool = False,
        signal: str = "SIGKILL",
    ) -> BatchResults:
        """Does the same to at most 50 containers; each has its own result."""
        body = {
            "action": action,
            "containers": list(containers),
            "timeout": timeout,
            "force": force,
            "signal": signal,
        }
        call = Call(method="POST", path="/containers/batch", json=body, silence=timeout + _PATIENCE)
        return parse(BatchResults, self._transport.data(call))

    def logs(
        self,
        container: str,
        *,
        tail: int | None = None,
        since: str | None = None,
        until: str | None = None,
        timestamps: bool = False,
    ) -> ContainerLogs:
        """The last `tail` lines that are there now, between two moments in RFC 3339."""
        params = _given({"tail": tail, "since": since, "until": until})
        params["timestamps"] = "true" if timestamps else "false"
        call = Call(method="GET", path=_path(container, "logs"), params=params)
        return parse(ContainerLogs, self._transport.data(call))

    def follow(self, container: str, *, tail: int = 100, since: str | None = None) -> ContainerLog:
        """The last `tail` lines, then those that come, until the container has stopped for good."""
        return ContainerLog(self._transport, _path(container, "logs"), tail=tail, since=since)

    def stats(self, container: str) -> Stats:
        """A sample of a running container's counters."""
        return parse(
            Stats,
            self._transport.data(Call(method="GET", path=_path(container, "stats"))),
        )

    def watch_stats(self, container: str) -> Iterator[Stats]:
        """A sample a second until the container stops; a broken connection is taken up again."""
        attempts = Attempts(self._transport.retry)
        call = Call(
            method="GET", path=_path(container, "stats"), params={"stream": "true"}, silence=_PATIENCE
        )
        while True:
            try:
                with self._transport.open(call) as response:
                    for frame in frames(response.iter_bytes()):
                        if frame.get("type") == "error":
                            raise told(frame)
                        attempts.progressed()
                        yield parse(Stats, frame)
                return
            except EulerMakerError as error:
                attempts.pause(error)

    def execute(self, container: str, command: Sequence[str], **fields: Any) -> Executed:
        """Runs a command to its end; `fields` are those of the API, e.g. `user`, `timeout` in seconds."""
        timeout = int(fields.get("timeout") or 60)
        call = Call(
            method="POST",
            path=_path(container, "exec"),
            json={"command": list(command), **_given(fields)},
            silence=timeout + _PATIENCE,
        )
        return parse(Executed, self._transport.data(call))

    def top(self, container: str) -> Processes:
        """A container's processes."""
        return parse(Processes, self._transport.data(Call(method="GET", path=_path(container, "top"))))

    def download(self, container: str, path: str) -> AbstractContextManager[Iterator[bytes]]:
        """A file or directory of a container as the bytes of a tar archive."""
        call = Call(method="GET", path=_path(container, "files"), params={"path": path}, silence=_PATIENCE)
        return self._transport.stream(call)

    def upload(self, container: str, path: str, archive: BinaryIO) -> None:
        """Unpacks a tar archive into a directory of a container; `archive` is read anew on each attempt."""
        call = Call(
            method="PUT",
            path=_path(container, "files"),
            params={"path": path},
            body=lambda: _chunks(archive),
            headers={"Content-Type": "application/x-tar"},
            silence=_PATIENCE,
        )
        self._transport.data(call)

    def _act(
        self, container: str, verb: str, body: object = None, *, silence: float | None = None
    ) -> ContainerChange:
        call = Call(method="POST", path=_path(container, verb), json=body, silence=silence)
        return parse(ContainerChange, self._transport.data(call))


def _path(container: str, *parts: str) -> str:
    return "/".join(("/containers", segment(container), *parts))


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _chunks(archive: BinaryIO) -> Iterator[bytes]:
    archive.seek(0)
    while chunk := archive.read(_CHUNK):
        yield chunk

"""The containers of a Docker Engine."""

import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from pydantic_core import from_json

from eulermaker.engines.containers import (
    ARCHIVE_REFUSED,
    CONTAINER_NOT_FOUND,
    CONTAINER_REFUSED,
    CONTAINER_STATE_CONFLICT,
    IMAGE_NOT_FOUND,
    NAME_IN_USE,
    PATH_NOT_FOUND,
    Container,
    EngineEvent,
    ExecState,
    LogLine,
    NewContainer,
    NewExec,
    OutputChunk,
    Usage,
)
from eulermaker.engines.docker import describe
from eulermaker.engines.docker.connection import (
    NOT_MODIFIED,
    Connection,
    EngineAnswer,
    chunks,
    chunks_or_silence,
    lines,
)
from eulermaker.engines.docker.exchange import Query
from eulermaker.engines.docker.hijack import RawStream, hijacked
from eulermaker.engines.docker.output import Frames, MultiplexedLog, TerminalLog
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.kernel.faults import Fault

CHUNK = 256 * 1024
STOP_MARGIN_SECONDS = 60.0
SILENCE_SECONDS = 0.5
#: Lines that follow others are told at most so much later.
GATHER_SECONDS = 0.005
EVENT_KINDS = ["container", "image", "network", "volume"]
# The engine looks for detach keys in what is typed and holds back what may begin them; by default
# Ctrl-P, Ctrl-Q. It takes no empty sequence, but one that begins with Ctrl-@ and goes on at random.
NEVER_TYPED = ",".join(("ctrl-@", *secrets.token_hex(8)))


class DockerContainers:
    """The port's containers, over the Engine API."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    async def list(self) -> Sequence[Container]:
        """All containers, without their details."""
        found = await self._ask("GET", "/containers/json", reference="", query={"all": "true"})
        return [describe.listed(entry) for entry in found]

    async def get(self, reference: str) -> Container | None:
        """One container with its details; None when there is none."""
        try:
            return describe.inspected(await self._http.get(_path(reference, "json")))
        except EngineAnswer as error:
            if error.status == 404:
                return None
            raise ENGINE_REFUSED() from error

    async def inspect(self, reference: str) -> Mapping[str, Any]:
        """The engine's own description."""
        found: Mapping[str, Any] = await self._ask("GET", _path(reference, "json"), reference=reference)
        return found

    async def create(self, new: NewContainer) -> str:
        """Create a container; tells its id."""
        query = {"name": new.name} if new.name else {}
        try:
            made = await self._http.post("/containers/create", query, dict(new.config))
        except EngineAnswer as error:
            image = str(new.config.get("Image"))
            match error.status:
                case 404:
                    raise IMAGE_NOT_FOUND(
                        image=image, details={"image": image, "resource_type": "image"}
                    ) from error
                case 409:
                    raise _name_in_use(str(new.name)) from error
                case 400:
                    raise CONTAINER_REFUSED(reason=error.message[:500]) from error
                case _:
                    raise ENGINE_REFUSED() from error
        return str(made["Id"])

    async def start(self, reference: str) -> None:
        """Start it."""
        await self._act(reference, "start", conflict_state="running")

    async def stop(self, reference: str, *, grace: int) -> None:
        """Stop it, killing it after `grace` seconds."""
        await self._act(reference, "stop", conflict_state="stopped", grace=grace)

    async def restart(self, reference: str, *, grace: int) -> None:
        """Stop and start it."""
        await self._act(reference, "restart", conflict_state="restarting", grace=grace)

    async def kill(self, reference: str, *, signal: str) -> None:
        """Send a signal to its first process."""
        await self._act(reference, "kill", conflict_state="stopped", query={"signal": signal})

    async def pause(self, reference: str) -> None:
        """Freeze it."""
        await self._act(reference, "pause", conflict_state="paused")

    async def unpause(self, reference: str) -> None:
        """Let it go on."""
        await self._act(reference, "unpause", conflict_state="running")

    async def rename(self, reference: str, *, name: str) -> None:
        """Give it another name."""
        try:
            await self._http.post(_path(reference, "rename"), {"name": name})
        except EngineAnswer as error:
            if error.status == 409:
                raise _name_in_use(name) from error
            raise _told(error, reference, "rename") from error

    async def update(self, reference: str, *, limits: Mapping[str, Any]) -> None:
        """Change limits and restart policy."""
        await self._ask("POST", _path(reference, "update"), reference=reference, body=dict(limits))

    async def remove(self, reference: str, *, force: bool, volumes: bool) -> None:
        """Remove it."""
        query = {"force": str(force).lower(), "v": str(volumes).lower()}
        await self._ask("DELETE", _path(reference), reference=reference, query=query, action="delete")

    async def top(self, reference: str) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Titles and rows of its process list."""
        told = await self._ask("GET", _path(reference, "top"), reference=reference, action="top")
        return told["Titles"], told["Processes"] or []

    async def logs(
        self,
        reference: str,
        *,
        tty: bool,
        tail: int | None = None,
        since: str | None = None,
        until: str | None = None,
        follow: bool = False,
    ) -> AsyncGenerator[Sequence[LogLine], None]:
        """What it wrote, as many lines at a time as are there."""
        query = {"stdout": "true", "stderr": "true", "timestamps": "true", "follow": str(follow).lower()}
        query["tail"] = "all" if tail is None else str(tail)
        query |= {key: value for key, value in (("since", since), ("until", until)) if value is not None}
        reader = TerminalLog() if tty else MultiplexedLog()
        async with self._open("GET", _path(reference, "logs"), reference, query) as answer:
            gather = GATHER_SECONDS if follow else 0.0
            async for data in chunks_or_silence(answer, CHUNK, seconds=SILENCE_SECONDS, rest=gather):
                found = reader.read(data)
                if found or not data:
                    yield found
        if rest := reader.end():
            yield rest

    async def usage(self, reference: str) -> AsyncGenerator[Usage, None]:
        """A sample a second."""
        async with self._open("GET", _path(reference, "stats"), reference, {"stream": "true"}) as answer:
            async for line in lines(answer):
                # Once a second for each container that is watched, and each sample has the same keys.
                sample = from_json(line, cache_strings="keys")
                # A container that does not run is told of once a second, without time and counts.
                if sample["read"].startswith("0001-"):
                    return
                yield describe.usage(sample)

    async def usage_once(self, reference: str) -> Usage:
        """One sample, at once: `one-shot` spares the engine's wait for a second one."""
        query = {"stream": "false", "one-shot": "true"}
        return describe.usage(
            await self._ask("GET", _path(reference, "stats"), reference=reference, query=query)
        )

    @asynccontextmanager
    async def download(self, reference: str, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A tar stream of a file or a directory."""
        await self._require(reference)
        try:
            async with self._http.request(
                "GET", _path(reference, "archive"), query={"path": path}, seconds=None
            ) as answer:
                yield chunks(answer, CHUNK)
        except EngineAnswer as error:
            raise _no_path(error, path) from error

    async def upload(self, reference: str, path: str, archive: AsyncIterable[bytes]) -> None:
        """Unpack a tar stream into a directory."""
        await self._require(reference)
        try:
            async with self._http.request(
                "PUT", _path(reference, "archive"), query={"path": path}, stream=archive, seconds=None
            ):
                return
        except EngineAnswer as error:
            if error.status not in (403, 404):
                raise ARCHIVE_REFUSED() from error
            raise _no_path(error, path) from error

    async def create_exec(self, reference: str, new: NewExec) -> str:
        """Prepare a command; tells its id."""
        body = {
            "Cmd": list(new.command),
            "AttachStdin": new.stdin,
            "AttachStdout": True,
            "AttachStderr": True,
            "Tty": new.tty,
            "Privileged": new.privileged,
            "Env": [f"{name}={value}" for name, value in new.environment.items()],
            **({"WorkingDir": new.working_dir} if new.working_dir else {}),
            **({"User": new.user} if new.user else {}),
            **({"DetachKeys": NEVER_TYPED} if new.tty and new.stdin else {}),
        }
        made = await self._ask(
            "POST", _path(reference, "exec"), reference=reference, body=body, action="exec"
        )
        return str(made["Id"])

    @asynccontextmanager
    async def attach_exec(self, exec_id: str, *, tty: bool) -> AsyncIterator[RawStream]:
        """Start a prepared command and hold its streams."""
        version = await self._http.api_version()
        path = f"/v{version}/exec/{quote(exec_id)}/start"
        try:
            async with hijacked(self._http.host, path, {"Detach": False, "Tty": tty}) as stream:
                yield stream
        except EngineAnswer as error:
            raise _told(error, exec_id, "exec") from error

    async def run_exec(self, exec_id: str, *, tty: bool) -> AsyncGenerator[OutputChunk, None]:
        """Start a prepared command and tell what it writes."""
        frames = Frames()
        async with self.attach_exec(exec_id, tty=tty) as stream:
            while data := await stream.read(CHUNK):
                if tty:
                    yield OutputChunk("stdout", data)
                else:
                    for kind, payload in frames.read(data):
                        yield OutputChunk(kind, payload)

    async def exec_state(self, exec_id: str) -> ExecState:
        """How a command is doing."""
        told = await self._ask("GET", f"/exec/{quote(exec_id)}/json", reference=exec_id)
        return ExecState(bool(told["Running"]), told["ExitCode"], told["Pid"] or None)

    async def resize_exec(self, exec_id: str, *, columns: int, rows: int) -> None:
        """Tell a command's terminal its size."""
        query = {"w": str(columns), "h": str(rows)}
        await self._ask("POST", f"/exec/{quote(exec_id)}/resize", reference=exec_id, query=query)

    async def events(self, *, since_ns: int | None) -> AsyncGenerator[EngineEvent | None, None]:
        """What happens on the engine; the first item is None."""
        query = {"filters": json.dumps({"type": EVENT_KINDS})}
        if since_ns is not None:
            query["since"] = f"{since_ns // 10**9}.{since_ns % 10**9:09d}"
        async with self._open("GET", "/events", "", query) as answer:
            yield None
            async for line in lines(answer):
                if line.strip():
                    yield describe.event(json.loads(line))
        raise ENGINE_UNAVAILABLE()

    async def _act(
        self,
        reference: str,
        action: str,
        *,
        conflict_state: str,
        grace: int | None = None,
        query: Mapping[str, str] | None = None,
    ) -> None:
        wanted = dict(query or {})
        seconds: float = STOP_MARGIN_SECONDS
        if grace is not None:
            wanted["t"] = str(grace)
            seconds += grace
        try:
            answer = await self._http.exchange("POST", _path(reference, action), wanted, seconds=seconds)
        except EngineAnswer as error:
            raise _told(error, reference, action, state=conflict_state) from error
        if answer.status == NOT_MODIFIED:
            raise _conflict(conflict_state, action, reference)

    async def _require(self, reference: str) -> None:
        # The archive answers 404 for a missing path and for a missing container alike.
        if await self.get(reference) is None:
            raise _missing(reference)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        reference: str,
        query: Query | None = None,
        body: Any = None,
        action: str = "",
    ) -> Any:
        try:
            match method:
                case "GET":
                    return await self._http.get(path, query)
                case "POST":
                    return await self._http.post(path, query, body)
                case _:
                    return await self._http.delete(path, query)
        except EngineAnswer as error:
            raise _told(error, reference, action) from error

    @asynccontextmanager
    async def _open(self, method: str, path: str, reference: str, query: Query) -> AsyncIterator[Any]:
        try:
            async with self._http.request(method, path, query=query, seconds=None) as answer:
                yield answer
        except EngineAnswer as error:
            raise _told(error, reference, "") from error


def _path(reference: str, *rest: str) -> str:
    return "/".join(("/containers", quote(reference, safe=""), *rest))


def _told(error: EngineAnswer, reference: str, action: str, *, state: str = "") -> Fault:
    match error.status:
        case 404:
            return _missing(reference)
        case 409:
            return _conflict(state or "not in the right state", action, reference)
        case 400:
            return CONTAINER_REFUSED(reason=error.message[:500])
        case 500 if error.message.startswith("Cannot restart container"):
            # What a start says with 400: the command is missing, a port is taken.
            return CONTAINER_REFUSED(reason=error.message[:500])
        case _:
            return ENGINE_REFUSED()


def _missing(reference: str) -> Fault:
    details = {"container_id": reference, "resource_type": "container"}
    return CONTAINER_NOT_FOUND(container=reference, details=details)


def _conflict(state: str, action: str, reference: str) -> Fault:
    details = {"container_id": reference, "resource_type": "container", "state": state, "action": action}
    return CONTAINER_STATE_CONFLICT(state=state, action=action, details=details)


def _name_in_use(name: str) -> Fault:
    return NAME_IN_USE(name=name, details={"name": name, "resource_type": "container"})


def _no_path(error: EngineAnswer, path: str) -> Fault:
    if error.status == 404:
        return PATH_NOT_FOUND(path=path, details={"path": path, "resource_type": "path"})
    if error.status in (400, 403):
        return CONTAINER_REFUSED(reason=error.message[:500])
    return ENGINE_REFUSED()

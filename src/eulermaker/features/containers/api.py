"""The containers of family 000."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from eulermaker.dialects.repeated import repeatable
from eulermaker.dialects.success import Done, Success, done, envelope, success
from eulermaker.engines.containers import Container, Status
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.containers import batch, logs, schemas, shown
from eulermaker.features.containers.faults import TRANSFER_INTERRUPTED
from eulermaker.features.containers.listing import Filter
from eulermaker.features.containers.notation import Unreadable, absolute, engine_moment
from eulermaker.features.containers.policy import Violation
from eulermaker.features.containers.rules import Action
from eulermaker.features.containers.service import Containers
from eulermaker.features.containers.streams import NDJSON, Stream
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import Fault, FieldError, InvalidFields
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

DEFAULT_TAIL = 100
MAX_TAIL = 10_000
TAR = "application/x-tar"

CREATED = {"zh": "容器创建成功", "en": "Container created"}
STARTED = {"zh": "容器启动成功", "en": "Container started"}
STOPPED = {"zh": "容器停止成功", "en": "Container stopped"}
RESTARTED = {"zh": "容器重启成功", "en": "Container restarted"}
PAUSED = {"zh": "容器暂停成功", "en": "Container paused"}
UNPAUSED = {"zh": "容器恢复成功", "en": "Container resumed"}
KILLED = {"zh": "信号发送成功", "en": "Signal sent"}
DELETED = {"zh": "容器删除成功", "en": "Container deleted"}
CHANGED = {"zh": "容器更新成功", "en": "Container updated"}
UPLOADED = {"zh": "文件上传成功", "en": "Files uploaded"}

_ARCHIVE_BODY = {
    "requestBody": {"content": {TAR: {"schema": {"type": "string", "format": "binary"}}}, "required": True}
}


def router(containers: Containers, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/containers`."""
    routes = APIRouter(prefix="/api/v1/containers", tags=["containers"])
    Caller = Annotated[Call, Depends(callers.of_request)]
    InContainer = Annotated[Text, Query(min_length=1, max_length=4096)]

    @routes.get("", response_model=Success[schemas.ContainerList])
    async def list_containers(
        request: Request,
        call: Caller,
        status: Literal["all"] | Status = "all",
        name: Annotated[Text | None, Query(max_length=255)] = None,
        image: Annotated[Text | None, Query(max_length=512)] = None,
        label: Annotated[Text | None, Query(max_length=512)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of containers, newest first; `label` is `name` or `name=value`."""
        wanted = Filter(None if status == "all" else status, name or None, image or None, label or None)
        page = Page(limit, offset)

        async def answer(call: Call) -> bytes:
            return envelope(containers.page(call, wanted, page))

        return await repeatable(request, call, answer)

    @routes.post(
        "",
        status_code=201,
        response_model=Success[schemas.Created],
        responses={200: {"model": Success[schemas.Verdict], "description": "What a dry run found"}},
    )
    async def create(call: Caller, body: schemas.NewContainer, dry_run: bool = False) -> Response:
        """Create a container; with `dry_run` tell only what the create policy would refuse."""
        if dry_run:
            return success(_verdict(call, await containers.judge(call, body)))
        made = await containers.create(call, body)
        return success(shown.created(made), message=CREATED[call.language], status=201)

    @routes.post("/validate", response_model=Success[schemas.Verdict])
    async def validate(call: Caller, body: schemas.NewContainer) -> Response:
        """Tell everything that the create policy would refuse."""
        return success(_verdict(call, await containers.judge(call, body)))

    @routes.post("/batch", response_model=Success[schemas.BatchResults])
    async def act_on_many(call: Caller, body: schemas.Batch) -> Response:
        """Do the same to many containers; each has its own result."""
        return success(await batch.run(containers, call, body))

    @routes.get("/{container}", response_model=Success[schemas.Detail])
    async def detail(request: Request, call: Caller, container: Text) -> Response:
        """Everything about one container."""

        async def answer(call: Call) -> bytes:
            return envelope(await containers.detail(call, container))

        return await repeatable(request, call, answer)

    @routes.patch("/{container}", response_model=Success[schemas.Changed])
    async def change(call: Caller, container: Text, body: schemas.Changes) -> Response:
        """Change limits, restart policy and name."""
        return _changed(call, await containers.change(call, container, body))

    @routes.delete("/{container}", response_model=Done)
    async def delete(call: Caller, container: Text, force: bool = False) -> Response:
        """Remove a container; one that runs only with `force`."""
        await containers.remove(call, container, force=force)
        return done(DELETED[call.language])

    @routes.get("/{container}/inspect", response_model=Success[dict[str, Any]])
    async def inspect(call: Caller, container: Text) -> Response:
        """The engine's own description."""
        return success(await containers.inspect(call, container))

    @routes.post("/{container}/start", response_model=Success[schemas.Started])
    async def start(call: Caller, container: Text) -> Response:
        """Start a container."""
        found = await containers.start(call, container)
        told = schemas.Started(id=shown.shown_id(found.id), status=found.status, started_at=found.started_at)
        return success(told, message=STARTED[call.language])

    @routes.post("/{container}/stop", response_model=Success[schemas.Stopped])
    async def stop(
        call: Caller, container: Text, body: Annotated[schemas.Stopping | None, Body()] = None
    ) -> Response:
        """Stop a container; it is killed after `timeout` seconds."""
        found = await containers.stop(call, container, grace=(body or schemas.Stopping()).timeout)
        told = schemas.Stopped(
            id=shown.shown_id(found.id),
            status=found.status,
            stopped_at=found.finished_at or containers.clock(),
        )
        return success(told, message=STOPPED[call.language])

    @routes.post("/{container}/restart", response_model=Success[schemas.Restarted])
    async def restart(
        call: Caller, container: Text, body: Annotated[schemas.Stopping | None, Body()] = None
    ) -> Response:
        """Stop and start a container."""
        found = await containers.restart(call, container, grace=(body or schemas.Stopping()).timeout)
        told = schemas.Restarted(
            id=shown.shown_id(found.id),
            status=found.status,
            restarted_at=found.started_at or containers.clock(),
        )
        return success(told, message=RESTARTED[call.language])

    @routes.post("/{container}/pause", response_model=Success[schemas.Acted])
    async def pause(call: Caller, container: Text) -> Response:
        """Freeze a container."""
        return _acted(await containers.pause(call, container), PAUSED[call.language])

    @routes.post("/{container}/unpause", response_model=Success[schemas.Acted])
    async def unpause(call: Caller, container: Text) -> Response:
        """Let a frozen container go on."""
        return _acted(await containers.unpause(call, container), UNPAUSED[call.language])

    @routes.post("/{container}/kill", response_model=Success[schemas.Acted])
    async def kill(
        call: Caller, container: Text, body: Annotated[schemas.Killing | None, Body()] = None
    ) -> Response:
        """Send a signal to a container's first process."""
        found = await containers.kill(call, container, signal=(body or schemas.Killing()).signal)
        return _acted(found, KILLED[call.language])

    @routes.post("/{container}/rename", response_model=Success[schemas.Changed])
    async def rename(call: Caller, container: Text, body: schemas.Renaming) -> Response:
        """Give a container another name."""
        return _changed(call, await containers.rename(call, container, name=body.name))

    @routes.post("/{container}/exec", response_model=Success[schemas.Executed])
    async def execute(call: Caller, container: Text, body: schemas.NewExec) -> Response:
        """Run a command to its end; at most 1 MiB of its output is kept."""
        return success(await containers.execute(call, container, body))

    @routes.get("/{container}/top", response_model=Success[schemas.Processes])
    async def top(call: Caller, container: Text) -> Response:
        """A container's processes."""
        return success(await containers.top(call, container))

    @routes.get(
        "/{container}/stats",
        response_model=Success[schemas.Stats],
        responses={200: {"content": {NDJSON: {"schema": {"type": "object"}}}}},
    )
    async def stats(call: Caller, container: Text, stream: bool = False) -> Response:
        """A container's counters; with `stream` once a second until it stops."""
        if stream:
            return Stream(_samples(containers, containers.running(call, container, Action.STATS)))
        return success(await containers.stats(call, container))

    @routes.get(
        "/{container}/logs",
        response_model=Success[schemas.Logs],
        responses={200: {"content": {NDJSON: {"schema": schemas.LogFrame.model_json_schema()}}}},
    )
    async def read_logs(
        call: Caller,
        container: Text,
        tail: Annotated[int, Query(ge=0, le=MAX_TAIL)] = DEFAULT_TAIL,
        follow: bool = False,
        timestamps: bool = False,
        since: Annotated[Text | None, Query(max_length=64)] = None,
        until: Annotated[Text | None, Query(max_length=64)] = None,
    ) -> Response:
        """The last lines of a container's log; `follow` streams on, over restarts, as NDJSON."""
        begin, end = _moments(since, until, follow=follow)
        found = await containers.described(call, container)
        if follow:
            pieces = logs.follow(
                containers.engine,
                containers.view,
                found,
                tail=tail,
                since=begin,
                clock=containers.clock,
            )
            return Stream(_frames(pieces))
        return success(
            await logs.read(
                containers.engine, found, tail=tail, since=begin, until=end, timestamps=timestamps
            )
        )

    @routes.get("/{container}/files", response_class=Response, responses={200: {"content": {TAR: {}}}})
    async def download(call: Caller, container: Text, path: InContainer) -> Response:
        """A file or a directory of a container, as a tar stream."""
        _check_path(path)
        name = path.rstrip("/").rpartition("/")[2] or "root"
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}.tar"}
        return Stream(_archive(containers, call, container, path), media_type=TAR, headers=headers)

    @routes.put("/{container}/files", response_model=Success[schemas.Uploaded], openapi_extra=_ARCHIVE_BODY)
    @routes.post("/{container}/files", response_model=Success[schemas.Uploaded], openapi_extra=_ARCHIVE_BODY)
    async def upload(call: Caller, request: Request, container: Text, path: InContainer) -> Response:
        """Unpack a tar stream into a directory of a container."""
        _check_path(path)
        archive = Archive(request, path)
        try:
            await containers.upload(call, container, path, archive)
        except Fault as fault:
            raise archive.fault or fault from fault
        return success(schemas.Uploaded(path=path), message=UPLOADED[call.language])

    return routes


class Archive:
    """The body of a request; remembers why it ended early, which the engine cannot tell."""

    def __init__(self, request: Request, path: str) -> None:
        self._request = request
        self._path = path
        self.fault: Fault | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body's chunks."""
        more = True
        while more:
            message = await self._request.receive()
            if message["type"] == "http.disconnect":
                self.fault = TRANSFER_INTERRUPTED(path=self._path)
                raise self.fault
            if body := message.get("body", b""):
                yield body
            more = message.get("more_body", False)


def _moments(since: str | None, until: str | None, *, follow: bool) -> tuple[str | None, str | None]:
    errors: list[FieldError] = []
    read: dict[str, str | None] = {}
    for name, text in (("since", since), ("until", until)):
        try:
            read[name] = None if text is None else engine_moment(text)
        except Unreadable as unreadable:
            errors.append(FieldError(name, unreadable.zh, unreadable.en, ("query", name)))
    if follow and until is not None and not errors:
        zh, en = "follow=true 时不能使用 until", "`until` cannot be used with follow=true"
        errors.append(FieldError("until", zh, en, ("query", "until")))
    if errors:
        raise InvalidFields(errors)
    return read["since"], read["until"]


def _check_path(path: str) -> None:
    # A colon is no separator here, as it is in a mount.
    if not absolute(path.replace(":", "_")):
        zh, en = "必须是容器内的绝对路径", "Give an absolute path in the container"
        raise InvalidFields([FieldError("path", zh, en, ("query", "path"))])


def _verdict(call: Call, found: list[Violation]) -> schemas.Verdict:
    return schemas.Verdict(
        allowed=not found,
        violations=[
            schemas.Refusal(field=v.field, value=v.value, message=v.reason(call.language)) for v in found
        ],
    )


def _acted(container: Container, message: str) -> Response:
    told = schemas.Acted(id=shown.shown_id(container.id), status=container.status)
    return success(told, message=message)


def _changed(call: Call, container: Container) -> Response:
    told = schemas.Changed(
        id=shown.shown_id(container.id), name=container.name, config=shown.detail(container).config
    )
    return success(told, message=CHANGED[call.language])


async def _samples(containers: Containers, container: Container) -> AsyncGenerator[bytes, None]:
    async with aclosing(containers.hub.watch(container.id)) as samples:
        async for sample in samples:
            yield sample.model_dump_json().encode() + b"\n"


async def _frames(pieces: AsyncGenerator[logs.Piece, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(pieces):
        async for piece in pieces:
            yield logs.frames(piece)


async def _archive(
    containers: Containers, call: Call, container: str, path: str
) -> AsyncGenerator[bytes, None]:
    async with containers.download(call, container, path) as stream:
        async for chunk in stream:
            yield chunk

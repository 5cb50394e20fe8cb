"""The builds of family 000."""

import json
import tarfile
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from eulermaker.dialects.files import CHUNK, attachment, file_response
from eulermaker.dialects.repeated import repeatable
from eulermaker.dialects.success import Done, Success, done, envelope, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.builds.faults import UPLOAD_INTERRUPTED
from eulermaker.features.builds.follow import End, Lines, follow
from eulermaker.features.builds.log import LogReader, end_frame
from eulermaker.features.builds.rules import State
from eulermaker.features.builds.schemas import (
    ArtifactInfo,
    Artifacts,
    BuildList,
    Cancelled,
    Created,
    Detail,
    Executed,
    LogFrame,
    Logs,
    NewBuild,
    Uploaded,
)
from eulermaker.features.builds.service import Builds
from eulermaker.features.builds.store import Filter
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

DEFAULT_TAIL = 100
MAX_TAIL = 10_000
NDJSON = "application/x-ndjson"

CREATED = {"zh": "构建任务创建成功", "en": "Build created"}
STARTED = {"zh": "构建开始执行", "en": "Build started"}
QUEUED = {"zh": "构建已进入队列", "en": "Build queued"}
CANCELLED = {"zh": "构建已取消", "en": "Build cancelled"}
DELETED = {"zh": "构建任务删除成功", "en": "Build deleted"}
UPLOADED = {"zh": "文件上传成功", "en": "File uploaded"}


def router(builds: Builds, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/builds`."""
    routes = APIRouter(prefix="/api/v1/builds", tags=["builds"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.post("", status_code=201, response_model=Success[Created])
    async def create(call: Caller, body: NewBuild) -> Response:
        """Create a build from a Dockerfile or a spec; `execute` also queues it.

        What it makes is published in the repository named by `publish` once it has succeeded.
        """
        created = await builds.create(call, body)
        return success(created, message=CREATED[call.language], status=201)

    @routes.get("", response_model=Success[BuildList])
    async def list_builds(
        request: Request,
        call: Caller,
        status: Literal["pending", "running", "success", "failed", "cancelled", "timeout", "all"] = "all",
        name: Annotated[Text | None, Query(max_length=255)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of builds, newest first."""
        wanted, page = Filter(None if status == "all" else State(status), name or None), Page(limit, offset)

        async def answer(call: Call) -> bytes:
            return envelope(await builds.page(call, wanted, page))

        return await repeatable(request, call, answer)

    @routes.get("/{build}", response_model=Success[Detail])
    async def detail(call: Caller, build: str) -> Response:
        """Everything about one build."""
        return success(await builds.detail(call, build))

    @routes.post("/{build}/execute", response_model=Success[Executed])
    async def execute(call: Caller, request: Request, build: str) -> Response:
        """Run a build, or queue it while all slots are taken."""
        found, queue = await builds.execute(call, build)
        scheme = "wss" if request.url.scheme == "https" else "ws"
        executed = Executed(
            id=found.id,
            status=found.state,
            started_at=found.started_at,
            queue=queue,
            log_stream_url=f"{scheme}://{request.url.netloc}/ws/builds/{found.id}/logs",
        )
        told = QUEUED if queue else STARTED
        return success(executed, message=told[call.language])

    @routes.post("/{build}/cancel", response_model=Success[Cancelled])
    async def cancel(call: Caller, build: str) -> Response:
        """Cancel a build that has not ended."""
        found = await builds.cancel(call, build)
        cancelled = Cancelled(
            id=found.id, status=found.state, cancelled_at=found.finished_at or found.cancel_requested_at
        )
        return success(cancelled, message=CANCELLED[call.language])

    @routes.delete("/{build}", response_model=Done)
    async def delete(call: Caller, build: str, clean_image: bool = False) -> Response:
        """Delete a build that does not run, and its image if asked."""
        await builds.delete(call, build, clean_image=clean_image)
        return done(DELETED[call.language])

    @routes.put(
        "/{build}/context/{path:path}",
        response_model=Success[Uploaded],
        openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}, "required": True}},
    )
    async def upload(
        call: Caller, request: Request, build: str, path: str, executable: bool | None = None
    ) -> Response:
        """Store one context file of a build that was not executed yet; the body is the file.

        It is executable in the build if `executable` says so, else if it begins with `#!`.
        """
        body = _whole_body(request, path)
        size = await builds.upload(call, build, path, body, executable=executable)
        return success(Uploaded(path=path, size=size), message=UPLOADED[call.language])

    @routes.get(
        "/{build}/logs",
        response_model=Success[Logs],
        responses={200: {"content": {NDJSON: {"schema": LogFrame.model_json_schema()}}}},
    )
    async def logs(
        call: Caller,
        build: str,
        tail: Annotated[int | None, Query(ge=0, le=MAX_TAIL)] = None,
        since_seq: Annotated[int | None, Query(ge=0, le=2**53)] = None,
        follow: bool = False,
    ) -> Response:
        """The last lines of a log, or those after `since_seq`; `follow` streams them as NDJSON."""
        await builds.get(call, build)
        reader = await to_thread.run_sync(_reader, builds.files.log(build), tail, since_seq)
        if follow:
            return StreamingResponse(_stream(builds, build, reader), media_type=NDJSON)
        wanted = MAX_TAIL if since_seq is not None else (DEFAULT_TAIL if tail is None else tail)
        return success(await to_thread.run_sync(_read_lines, reader, wanted))

    @routes.get("/{build}/artifacts", response_model=Success[Artifacts])
    async def list_artifacts(call: Caller, build: str) -> Response:
        """The files that a build made."""
        return success(Artifacts(artifacts=await builds.artifacts(call, build)))

    @routes.head("/{build}/artifacts.tar.gz", include_in_schema=False)
    @routes.get(
        "/{build}/artifacts.tar.gz",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/gzip": {}}}},
    )
    async def all_artifacts(call: Caller, request: Request, build: str) -> Response:
        """All artifacts of a build as one archive."""
        found = await builds.artifacts(call, build)
        folder = builds.files.artifacts(build)
        headers = {"Content-Disposition": f'attachment; filename="{build}.tar.gz"'}
        if request.method == "HEAD":
            return Response(media_type="application/gzip", headers=headers)
        return StreamingResponse(_archive(folder, found), media_type="application/gzip", headers=headers)

    @routes.head("/{build}/artifacts/{name:path}", include_in_schema=False)
    @routes.get(
        "/{build}/artifacts/{name:path}",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/octet-stream": {}}}, 206: {"description": "A byte range"}},
    )
    async def artifact(call: Caller, request: Request, build: str, name: str) -> Response:
        """One artifact; `Range` gives a part of it, the sha256 is its ETag."""
        found, path = await builds.artifact(call, build, name)
        headers = {"Content-Disposition": attachment(found.name)}
        return file_response(request, path, version=found.sha256, headers=headers)

    return routes


async def _whole_body(request: Request, path: str) -> AsyncIterator[bytes]:
    """The body's chunks; raises `upload-interrupted` when the client goes away before its end."""
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise UPLOAD_INTERRUPTED(path=path)
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _reader(path: Path, tail: int | None, since_seq: int | None) -> LogReader:
    reader = LogReader(path)
    if since_seq is not None:
        reader.after(since_seq)
    else:
        reader.tail(DEFAULT_TAIL if tail is None else tail)
    return reader


def _read_lines(reader: LogReader, count: int) -> Logs:
    texts: list[str] = []
    first = reader.seq
    with reader:
        while len(texts) < count and (data := reader.read()):
            texts += [json.loads(line)["data"] for line in data.splitlines()]
    texts = texts[:count]
    return Logs(logs=texts, next_seq=first + len(texts))


async def _stream(builds: Builds, build: str, reader: LogReader) -> AsyncIterator[bytes]:
    with reader:
        async for piece in follow(builds, build, reader):
            match piece:
                case Lines(data=data):
                    yield data
                case End(seq=seq, status=status):
                    yield end_frame(seq, status or "deleted").encode() + b"\n"


async def _archive(folder: Path, artifacts: list[ArtifactInfo]) -> AsyncIterator[bytes]:
    blocks = _archive_blocks(folder, artifacts)
    while block := await to_thread.run_sync(next, blocks, b""):
        yield block


def _archive_blocks(folder: Path, artifacts: list[ArtifactInfo]) -> Iterator[bytes]:
    # RPMs are compressed already: more effort would only take time.
    gzip = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
    for piece in _archive_pieces(folder, artifacts):
        if block := gzip.compress(piece):
            yield block
    yield gzip.flush()


def _archive_pieces(folder: Path, artifacts: list[ArtifactInfo]) -> Iterator[bytes]:
    for artifact in artifacts:
        info = tarfile.TarInfo(artifact.name)
        info.size = artifact.size
        yield info.tobuf(tarfile.PAX_FORMAT)
        with (folder / artifact.sha256).open("rb") as content:
            while chunk := content.read(CHUNK):
                yield chunk
        yield bytes(-artifact.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)

"""The images of a Docker Engine."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import anyio

from eulermaker.engines.containers import IMAGE_NOT_FOUND
from eulermaker.engines.docker.connection import Connection, EngineAnswer, chunks, lines
from eulermaker.engines.docker.describe import moment
from eulermaker.engines.docker.exchange import Query
from eulermaker.engines.images import (
    ARCHIVE_REFUSED,
    CHANGES_REFUSED,
    IMAGE_NEEDED,
    IMAGE_NOT_IN_REGISTRY,
    PULL_BROKE,
    REGISTRY_UNREACHABLE,
    HistoryStep,
    ImageUse,
    InspectedImage,
    ListedImage,
    PullStep,
)
from eulermaker.engines.port import ENGINE_REFUSED, ENGINE_UNAVAILABLE
from eulermaker.kernel.faults import Fault

CHUNK = 256 * 1024
#: A pull or an export that says nothing for so long is over.
SILENCE_SECONDS = 300.0
#: For receiving and unpacking a whole archive.
ARCHIVE_SECONDS = 4 * 3600.0
USE_SECONDS = 120.0
MAX_TOLD = 100
_LAYER = re.compile(r"[0-9a-f]{12}")
_NO_NAME = "<none>"
USE_ATTEMPTS = 3
_USE = [("type", "image")]

T = TypeVar("T")
Json = Mapping[str, Any]


class DockerImages:
    """The port's images, over the Engine API."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    async def list(self) -> Sequence[ListedImage]:
        """All images that are no mere parts of others."""
        return [_listed(entry) for entry in await self._ask("GET", "/images/json")]

    async def get(self, reference: str) -> InspectedImage | None:
        """One image; None when there is none."""
        try:
            return _inspected(await self._http.get(_path(reference, "json")))
        except EngineAnswer as error:
            if error.status in (400, 404):
                return None
            raise ENGINE_REFUSED() from error

    async def history(self, reference: str) -> Sequence[HistoryStep]:
        """How it was made, newest step first."""
        told = await self._ask("GET", _path(reference, "history"), reference=reference)
        return [_step(entry) for entry in told]

    async def use(self) -> Sequence[ImageUse]:
        """What each image takes and who needs it."""
        told = await self._disk_use()
        return [
            ImageUse(
                id=entry["Id"],
                tags=_names(entry.get("RepoTags")),
                containers=max(0, entry.get("Containers", 0)),
                own_bytes=max(0, entry["Size"] - max(0, entry.get("SharedSize", 0))),
                labels=entry.get("Labels") or {},
            )
            for entry in told["Images"] or ()
        ]

    async def pull(self, reference: str) -> AsyncGenerator[PullStep, None]:
        """Pull an image."""
        query = {"fromImage": reference}
        try:
            async with self._http.request("POST", "/images/create", query=query, seconds=None) as answer:
                async for line in _steady(lines(answer)):
                    if line.strip():
                        yield _progress(_message(line), reference)
        except EngineAnswer as error:
            # The engine tells only by its status who said no: the registry (404), or nobody at all.
            entry = IMAGE_NOT_IN_REGISTRY if error.status in (400, 404) else REGISTRY_UNREACHABLE
            raise entry(image=reference, details=_about(reference)) from error

    async def tag(self, reference: str, *, repository: str, tag: str) -> None:
        """Give it one more name."""
        query = {"repo": repository, "tag": tag}
        await self._ask("POST", _path(reference, "tag"), reference=reference, query=query)

    async def remove(self, reference: str, *, force: bool) -> tuple[Sequence[str], Sequence[str]]:
        """Remove a name, and the image with its last one."""
        query = {"force": str(force).lower()}
        told = await self._ask("DELETE", _path(reference), reference=reference, query=query)
        names = [entry["Untagged"] for entry in told if "Untagged" in entry]
        return names, [entry["Deleted"] for entry in told if "Deleted" in entry]

    async def make(
        self, archive: AsyncIterable[bytes], *, repository: str, tag: str, changes: Sequence[str]
    ) -> str:
        """Make an image of a root file system's tar."""
        query = [("fromSrc", "-"), ("repo", repository), ("tag", tag)]
        query += [("changes", change) for change in changes]
        told = await self._send("/images/create", query, archive)
        return next(str(line["status"]) for line in told if str(line.get("status", "")).startswith("sha256:"))

    async def load(self, archive: AsyncIterable[bytes]) -> Sequence[str]:
        """Load an archive of `save`."""
        told = await self._send("/images/load", [("quiet", "1")], archive)
        text = "".join(str(line.get("stream", "")) for line in told)
        return [
            line.partition(": ")[2].strip() for line in text.splitlines() if line.startswith("Loaded image")
        ]

    @asynccontextmanager
    async def save(self, reference: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A tar stream with the image and its layers."""
        try:
            async with self._http.request("GET", _path(reference, "get"), seconds=None) as answer:
                yield _steady(chunks(answer, CHUNK))
        except EngineAnswer as error:
            raise _told(error, reference) from error

    async def _send(self, path: str, query: Query, archive: AsyncIterable[bytes]) -> Sequence[Json]:
        """What the engine says to an archive; raises `image-archive-refused`."""
        try:
            async with self._http.request(
                "POST", path, query=query, stream=archive, seconds=ARCHIVE_SECONDS
            ) as answer:
                told = [_message(line) async for line in lines(answer) if line.strip()]
        except EngineAnswer as error:
            raise _unusable(error.message, error.status) from error
        for line in told:
            if "error" in line:
                raise _unusable(str(line["error"]), 500)
        return told

    async def _disk_use(self) -> Any:
        # An image that goes away meanwhile makes the engine refuse the whole.
        for _ in range(USE_ATTEMPTS - 1):
            try:
                return await self._ask("GET", "/system/df", query=_USE, seconds=USE_SECONDS)
            except Fault as fault:
                if fault.entry is not ENGINE_REFUSED:
                    raise
        return await self._ask("GET", "/system/df", query=_USE, seconds=USE_SECONDS)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        reference: str = "",
        query: Query | None = None,
        seconds: float = 60.0,
    ) -> Any:
        try:
            async with self._http.request(method, path, query=query, seconds=seconds) as answer:
                content = b"".join([chunk async for chunk in chunks(answer, CHUNK)])
        except EngineAnswer as error:
            raise _told(error, reference) from error
        return json.loads(content) if content.strip() else None


async def _steady(items: AsyncIterator[T]) -> AsyncIterator[T]:
    """The same items; raises `engine-unavailable` when none comes for too long."""
    while True:
        try:
            with anyio.fail_after(SILENCE_SECONDS):
                item = await anext(items)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise ENGINE_UNAVAILABLE() from error
        yield item


def _path(reference: str, *rest: str) -> str:
    return "/".join(("/images", quote(reference, safe="/:@"), *rest))


def _about(reference: str) -> dict[str, str]:
    return {"image": reference, "resource_type": "image"}


def _told(error: EngineAnswer, reference: str) -> Fault:
    match error.status:
        case 400 | 404:
            return IMAGE_NOT_FOUND(image=reference, details=_about(reference))
        case 409:
            return IMAGE_NEEDED(image=reference, details=_about(reference))
        case _:
            return ENGINE_REFUSED()


def _unusable(message: str, status: int) -> Fault:
    if status == 400:
        return CHANGES_REFUSED(reason=message[:500])
    # The engine says 500 for a broken archive as for a disk of its own that is full.
    return ENGINE_REFUSED() if "no space left" in message else ARCHIVE_REFUSED()


def _message(line: bytes) -> Json:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise ENGINE_REFUSED() from error
    if not isinstance(told, dict):
        raise ENGINE_REFUSED()
    return told


def _progress(message: Json, reference: str) -> PullStep:
    if "error" in message:
        raise PULL_BROKE(image=reference, details=_about(reference)) from EngineAnswer(
            500, str(message["error"])
        )
    detail: Json = message.get("progressDetail") or {}
    layer, status = str(message.get("id", "")), str(message.get("status", ""))
    return PullStep(
        layer=layer if _LAYER.fullmatch(layer) and not status.startswith("Pulling from") else None,
        status=status[:MAX_TOLD],
        current=detail.get("current"),
        total=detail.get("total"),
    )


def _names(told: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(name for name in told or () if _NO_NAME not in name)


def _listed(entry: Json) -> ListedImage:
    return ListedImage(
        id=entry["Id"],
        tags=_names(entry.get("RepoTags")),
        digests=_names(entry.get("RepoDigests")),
        size=entry["Size"],
        created_at=datetime.fromtimestamp(entry["Created"], UTC),
        labels=entry.get("Labels") or {},
    )


def _inspected(told: Json) -> InspectedImage:
    config: Json = told.get("Config") or {}
    return InspectedImage(
        id=told["Id"],
        tags=_names(told.get("RepoTags")),
        digests=_names(told.get("RepoDigests")),
        size=told["Size"],
        created_at=moment(told.get("Created") or "") or datetime.fromtimestamp(0, UTC),
        labels=config.get("Labels") or {},
        architecture=told.get("Architecture") or "",
        os=told.get("Os") or "",
        author=told.get("Author") or "",
        comment=told.get("Comment") or "",
        layers=tuple((told.get("RootFS") or {}).get("Layers") or ()),
        command=tuple(config.get("Cmd") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        environment=dict(variable.partition("=")[::2] for variable in config.get("Env") or ()),
        working_dir=config.get("WorkingDir") or "/",
        user=config.get("User") or "",
        ports=tuple(sorted(config.get("ExposedPorts") or ())),
        volumes=tuple(sorted(config.get("Volumes") or ())),
    )


def _step(entry: Json) -> HistoryStep:
    return HistoryStep(
        id=entry["Id"] if entry["Id"].startswith("sha256:") else None,
        created_at=datetime.fromtimestamp(entry["Created"], UTC),
        created_by=entry.get("CreatedBy") or "",
        size=entry.get("Size") or 0,
        comment=entry.get("Comment") or "",
        tags=_names(entry.get("Tags")),
    )

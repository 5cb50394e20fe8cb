"""The Docker Engine behind the port, over its HTTP API."""

import base64
import json
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import anyio
import anyio.lowlevel

from eulermaker.engines.docker.buildkit import BuildKitProgress
from eulermaker.engines.docker.classic import ClassicProgress
from eulermaker.engines.docker.connection import Connection, EngineAnswer, chunks, lines
from eulermaker.engines.docker.containers import DockerContainers
from eulermaker.engines.docker.exchange import Query
from eulermaker.engines.docker.images import DockerImages
from eulermaker.engines.docker.networks import DockerNetworks
from eulermaker.engines.docker.session import session
from eulermaker.engines.docker.volumes import DockerVolumes
from eulermaker.engines.port import (
    ENGINE_REFUSED,
    BuildEvent,
    BuildFailed,
    BuildFault,
    EngineInfo,
    Image,
    ImageBuild,
    ServedContext,
)
from eulermaker.kernel.clock import Clock

CHUNK = 256 * 1024
CREATE_SECONDS = 10
REMOVE_SECONDS = 10
#: BuildKit keeps what nobody reads in memory, and old ones break over it (see `buildkit`): what it
#: tells is taken at once, and waits here.
PROGRESS_BUFFER = 4 * 1024 * 1024
TURN_SECONDS = 0.005
#: The bit of Go's `fs.FileMode` that tells directories.
GO_MODE_DIR = 1 << 31


class DockerEngine:
    """One Docker Engine; `builder` forces BuildKit or the classic builder."""

    def __init__(self, host: str, *, builder: str, clock: Clock) -> None:
        self._http = Connection(host)
        self.containers = DockerContainers(self._http)
        self.images = DockerImages(self._http)
        self.volumes = DockerVolumes(self._http)
        self.networks = DockerNetworks(self._http)
        self._builder = builder
        self._clock = clock

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._http.close()

    async def info(self) -> EngineInfo:
        """Which engine answers; asks it, and so tells whether it does."""
        await self.ping()
        told = await self._get("/version")
        return EngineInfo(
            version=str(told["Version"]),
            api_version=await self._http.api_version(),
            platform=f"{told['Os']}/{told['Arch']}",
            buildkit=await self._with_buildkit(),
        )

    async def ping(self) -> None:
        """Return when the engine answers; this settles its version, too."""
        await self._http.ping()

    async def build(
        self, build: ImageBuild, context: AsyncIterable[bytes] | None
    ) -> AsyncGenerator[BuildEvent, None]:
        """Build an image; see the port for what holds."""
        with_buildkit = not build.patient and await self._with_buildkit()
        progress = (
            BuildKitProgress() if with_buildkit else ClassicProgress(self._clock, labels=len(build.labels))
        )
        query = _build_query(build, with_buildkit)
        try:
            async with self._http.request(
                "POST", "/build", query=query, stream=context, seconds=None, buffer=PROGRESS_BUFFER
            ) as answer:
                turns = _Turns()
                async for line in lines(answer):
                    for event in progress.read(line):
                        yield event
                        await turns.take()
        except EngineAnswer as error:
            # The classic builder refuses a Dockerfile with a status, BuildKit never does.
            fault = BuildFault.DOCKERFILE if error.status < 500 else BuildFault.BUILDER
            raise BuildFailed(fault, error.message) from error
        for event in progress.end():
            yield event

    @asynccontextmanager
    async def serving(self, context: ServedContext) -> AsyncIterator[str]:
        """Serve a context to one build; see the port."""
        version = await self._http.api_version()
        async with session(self._http.host, version, context) as name:
            yield name

    async def cancel_build(self, reference: str) -> None:
        """Stop the engine's work on a build (BuildKit; the classic builder stops with its connection)."""
        if not await self._with_buildkit():
            return
        try:
            await self._http.post("/build/cancel", {"id": reference})
        except EngineAnswer as error:
            if error.status != 404:
                raise ENGINE_REFUSED() from error

    async def image(self, reference: str) -> Image | None:
        """The image with that id or tag."""
        told = await self._get(f"/images/{quote(reference)}/json", missing=None)
        if told is None:
            return None
        config = told.get("Config") or {}
        return Image(
            id=told["Id"],
            tags=tuple(told.get("RepoTags") or ()),
            size=told["Size"],
            layers=len((told.get("RootFS") or {}).get("Layers") or ()),
            labels=config.get("Labels") or {},
            working_dir=config.get("WorkingDir") or "/",
            environment=tuple(config.get("Env") or ()),
            user=config.get("User") or "",
        )

    async def images_tagged(self, repository: str) -> Mapping[str, str]:
        """Image ids by tag of one repository."""
        filters = json.dumps({"reference": [repository]})
        told = await self._get("/images/json", {"filters": filters})
        prefix = f"{repository}:"
        return {
            tag: image["Id"]
            for image in told
            for tag in image.get("RepoTags") or ()
            if tag.startswith(prefix)
        }

    async def add_tag(self, image: str, *, tag: str) -> None:
        """Give the image one more tag."""
        repository, _, name = tag.rpartition(":")
        try:
            await self._http.post(f"/images/{quote(image)}/tag", {"repo": repository, "tag": name})
        except EngineAnswer as error:
            raise ENGINE_REFUSED() from error

    async def remove_tag(self, tag: str) -> None:
        """Remove the tag, and the image with its last one."""
        await self._delete(f"/images/{quote(tag)}", {"noprune": "false"})

    @asynccontextmanager
    async def files_of(self, image: str, *, labels: Mapping[str, str]) -> AsyncIterator["ImageFiles"]:
        """Look into an image through a container that is never started and always removed."""
        # A command has to be named for images that have none; it never runs.
        body = {"Image": image, "Cmd": ["/never-started"], "Labels": dict(labels), "NetworkDisabled": True}
        try:
            # A creation that is cancelled halfway may still be done, and nobody would know its id.
            with anyio.CancelScope(shield=True):
                made = await self._http.post("/containers/create", None, body, seconds=CREATE_SECONDS)
        except EngineAnswer as error:
            raise ENGINE_REFUSED() from error
        container = made["Id"]
        try:
            yield ImageFiles(self._http, container)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(REMOVE_SECONDS):
                await self._delete(f"/containers/{container}", {"force": "true", "v": "true"})

    async def remove_containers(
        self, *, labels: Mapping[str, str], spare: Callable[[Mapping[str, str]], bool] = lambda _: False
    ) -> int:
        """Remove the containers that carry all of the labels, but those to spare."""
        wanted = [f"{key}={value}" for key, value in labels.items()]
        listed = await self._get(
            "/containers/json", {"all": "true", "filters": json.dumps({"label": wanted})}
        )
        found = [container for container in listed if not spare(container.get("Labels") or {})]
        for container in found:
            await self._delete(f"/containers/{container['Id']}", {"force": "true", "v": "true"})
        return len(found)

    async def _with_buildkit(self) -> bool:
        return await self._http.buildkit() if self._builder == "auto" else self._builder == "buildkit"

    async def _get(self, path: str, query: Query | None = None, **default: Any) -> Any:
        try:
            return await self._http.get(path, query)
        except EngineAnswer as error:
            if error.status == 404 and "missing" in default:
                return default["missing"]
            raise ENGINE_REFUSED() from error

    async def _delete(self, path: str, query: Query) -> None:
        try:
            await self._http.delete(path, query)
        except EngineAnswer as error:
            # 404: it is gone already. 409: another one is removing it, or an image is in use.
            if error.status not in (404, 409):
                raise ENGINE_REFUSED() from error


class ImageFiles:
    """The files of a container that never runs."""

    def __init__(self, http: Connection, container: str) -> None:
        self._http = http
        self._container = container

    @asynccontextmanager
    async def archive(self, path: str) -> AsyncIterator[AsyncIterator[bytes] | None]:
        """A tar stream of a file or a directory; None when the path does not exist."""
        where = f"/containers/{self._container}/archive"
        try:
            async with self._http.request("GET", where, query={"path": path}, seconds=None) as answer:
                yield chunks(answer, CHUNK)
        except EngineAnswer as error:
            if error.status != 404 and not await self._leads_through_a_file(path):
                raise ENGINE_REFUSED() from error
            yield None

    async def _leads_through_a_file(self, path: str) -> bool:
        """Whether the path goes on behind a file, and so cannot be: the engine has no code for that."""
        where = f"/containers/{self._container}/archive"
        for folder in (PurePosixPath(path), *PurePosixPath(path).parents):
            try:
                async with self._http.request("HEAD", where, query={"path": str(folder)}) as answer:
                    told = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
                    return not told["mode"] & GO_MODE_DIR
            except EngineAnswer:
                continue
        return False

    @asynccontextmanager
    async def everything(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """A tar stream of the whole file system."""
        where = f"/containers/{self._container}/export"
        try:
            async with self._http.request("GET", where, seconds=None) as answer:
                yield chunks(answer, CHUNK)
        except EngineAnswer as error:
            raise ENGINE_REFUSED() from error


class _Turns:
    """Lets other tasks run while a noisy build is read, the one that receives its output among them."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def take(self) -> None:
        """Give way after some milliseconds of work."""
        if time.monotonic() - self._since > TURN_SECONDS:
            await anyio.lowlevel.checkpoint()
            self._since = time.monotonic()


def _build_query(build: ImageBuild, with_buildkit: bool) -> list[tuple[str, str]]:
    query = {
        "version": "2" if with_buildkit else "1",
        "dockerfile": build.dockerfile,
        "buildargs": json.dumps(dict(build.build_args)),
        "labels": json.dumps(dict(build.labels)),
        "nocache": "false" if build.use_cache else "true",
        "rm": "true",
        "forcerm": "true",
    }
    if with_buildkit:
        query["buildid"] = build.reference
    if build.session is not None:
        query |= {"session": build.session, "remote": "client-session"}
    if build.target:
        query["target"] = build.target
    if build.cache_from:
        query["cachefrom"] = json.dumps(list(build.cache_from))
    return [*query.items(), *(("t", tag) for tag in build.tags)]

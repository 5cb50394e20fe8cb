"""The port's promises, kept by the real engine."""

import io
import tarfile
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import anyio
import pytest

from eulermaker.engines.docker.connection import Connection
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.engines.port import (
    ENGINE_REFUSED,
    BuildEvent,
    BuildFailed,
    BuildFault,
    ContextEntry,
    ImageBuild,
    ImageReady,
    StepOutput,
    StepStarted,
)
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.faults import Fault
from tests.engines.conftest import HOST, context, stream
from tests.server import IMAGE

pytestmark = pytest.mark.anyio


@pytest.fixture
def mine() -> dict[str, str]:
    """Labels that nobody else uses."""
    return {"eulermaker.test": uuid.uuid4().hex, "eulermaker.kind": "test"}


@pytest.fixture
async def http() -> AsyncIterator[Connection]:
    """The engine's own API, to see what really is there."""
    opened = Connection(HOST)
    yield opened
    await opened.close()


async def containers(http: Connection, labels: dict[str, str]) -> list[str]:
    filters = ",".join(f'"{key}={value}"' for key, value in labels.items())
    found = await http.get("/containers/json", {"all": "1", "filters": f'{{"label":[{filters}]}}'})
    return [container["Id"] for container in found]


async def test_the_engine_tells_what_it_is(engine: DockerEngine, http: Connection) -> None:
    info = await engine.info()
    told = await http.get("/version")
    assert info.version == told["Version"]
    assert info.platform == f"{told['Os']}/{told['Arch']}"
    assert info.api_version == await http.api_version()
    assert info.buildkit


async def test_an_image_is_found_by_tag_and_by_id(engine: DockerEngine) -> None:
    by_tag = await engine.image(IMAGE)
    assert by_tag is not None
    assert IMAGE in by_tag.tags
    assert by_tag.size > 1_000_000
    assert by_tag.layers == 1
    assert by_tag.working_dir == "/"
    assert await engine.image(by_tag.id) == by_tag
    assert await engine.image("eulermaker/no-such-image:latest") is None
    assert await engine.image("sha256:" + "0" * 64) is None


async def test_tags_of_one_repository_come_and_go(engine: DockerEngine, http: Connection) -> None:
    repository = f"eulermaker-test-{uuid.uuid4().hex[:12]}"
    for name, tag in ((repository, "1"), (repository, "2"), (f"{repository}-other", "1")):
        await http.post(f"/images/{IMAGE}/tag", {"repo": name, "tag": tag})
    image = await engine.image(IMAGE)
    assert image is not None
    tags = {f"{repository}:1": image.id, f"{repository}:2": image.id}
    assert await engine.images_tagged(repository) == tags
    for _ in range(2):
        await engine.remove_tag(f"{repository}:1")
        assert await engine.images_tagged(repository) == {f"{repository}:2": image.id}
    await engine.remove_tag(f"{repository}:2")
    await engine.remove_tag(f"{repository}-other:1")
    assert await engine.images_tagged(repository) == {}
    assert await engine.image(IMAGE) is not None


async def test_files_are_read_without_running_anything(
    engine: DockerEngine, http: Connection, mine: dict[str, str]
) -> None:
    async with engine.files_of(IMAGE, labels=mine) as files:
        [container] = await containers(http, mine)
        assert (await http.get(f"/containers/{container}/json"))["State"]["Status"] == "created"
        async with files.archive("/etc/passwd") as found:
            assert found is not None
            content = b"".join([chunk async for chunk in found])
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            passwd = archive.extractfile("passwd")
            assert passwd is not None
            assert passwd.read().startswith(b"root:")
        async with files.archive("/no/such/file") as missing:
            assert missing is None
        async with files.everything() as whole:
            content = b"".join([chunk async for chunk in whole])
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            assert {"bin/busybox", "etc/passwd"} <= set(archive.getnames())
    assert await containers(http, mine) == []


async def test_the_files_of_no_image_are_refused(
    engine: DockerEngine, http: Connection, mine: dict[str, str]
) -> None:
    with pytest.raises(Fault) as fault:
        async with engine.files_of("eulermaker/no-such-image:latest", labels=mine):
            pytest.fail("there is no such image")
    assert fault.value.entry is ENGINE_REFUSED
    assert await containers(http, mine) == []


@pytest.mark.parametrize("seconds", [0, 0.005, 0.02, 0.05, 0.1, 0.3])
async def test_the_container_is_removed_also_when_cancelled(
    seconds: float, engine: DockerEngine, http: Connection, mine: dict[str, str]
) -> None:
    """At any moment: while it is made, while it is read, while it is removed."""
    await engine.info()
    with anyio.move_on_after(seconds):
        async with engine.files_of(IMAGE, labels=mine) as files, files.everything() as whole:
            async for _ in whole:
                pass
            await anyio.sleep_forever()
    assert await containers(http, mine) == []


async def test_the_container_is_removed_also_after_an_error(
    engine: DockerEngine, http: Connection, mine: dict[str, str]
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with engine.files_of(IMAGE, labels=mine):
            raise ZeroDivisionError
    assert await containers(http, mine) == []


async def test_only_containers_with_all_of_the_labels_are_removed(
    engine: DockerEngine, http: Connection, mine: dict[str, str]
) -> None:
    one, other = dict(list(mine.items())[:1]), mine
    for labels in (one, other, other):
        await http.post("/containers/create", None, {"Image": IMAGE, "Cmd": ["true"], "Labels": labels})
    assert await engine.remove_containers(labels=other) == 2
    assert len(await containers(http, one)) == 1
    assert await engine.remove_containers(labels=one) == 1
    assert await engine.remove_containers(labels=one) == 0


def wanted(tag: str, **fields: Any) -> ImageBuild:
    return ImageBuild(reference=uuid.uuid4().hex, dockerfile="Dockerfile", tags=(tag,), **fields)


async def built(engine: DockerEngine, build: ImageBuild, dockerfile: str) -> Sequence[BuildEvent]:
    tar = stream(context({build.dockerfile: dockerfile}))
    async with aclosing(engine.build(build, tar)) as events:
        return [event async for event in events]


@pytest.fixture(params=["buildkit", "classic"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[DockerEngine]:
    """The real engine with each of its builders."""
    opened = DockerEngine(HOST, builder=request.param, clock=utc_now)
    yield opened
    await opened.close()


async def test_a_build_takes_its_arguments_labels_and_target(either: DockerEngine, tag: str) -> None:
    dockerfile = f"""\
FROM {IMAGE} AS first
ARG GREETING
RUN echo "$GREETING"
ENV HOME=/srv
WORKDIR /work
FROM first
RUN exit 1
"""
    build = wanted(
        tag, build_args={"GREETING": '你好 $x "y"'}, labels={"a.b": "c d"}, target="first", use_cache=False
    )
    events = await built(either, build, dockerfile)
    printed = b"".join(event.data for event in events if isinstance(event, StepOutput))
    assert '你好 $x "y"\n' in printed.decode()
    ready = events[-1]
    assert isinstance(ready, ImageReady)
    image = await either.image(tag)
    assert image is not None
    assert image.id == ready.image
    assert image.labels == {"a.b": "c d"}
    assert image.working_dir == "/work"
    assert "HOME=/srv" in image.environment


@pytest.mark.parametrize(
    ("dockerfile", "target", "fault"),
    [
        (f"FROM {IMAGE}\nRUN exit 3\n", None, BuildFault.STEP),
        (f"FROM {IMAGE}\nBOGUS x\n", None, BuildFault.DOCKERFILE),
        (f"FROM {IMAGE}\n", "nowhere", BuildFault.DOCKERFILE),
        ("FROM 127.0.0.1:1/no/such:image\n", None, BuildFault.BASE_IMAGE),
    ],
    ids=["step", "syntax", "target", "base image"],
)
async def test_both_builders_tell_a_failure_alike(
    dockerfile: str, target: str | None, fault: BuildFault, either: DockerEngine, tag: str
) -> None:
    with pytest.raises(BuildFailed) as failed:
        await built(either, wanted(tag, target=target), dockerfile)
    assert failed.value.fault is fault
    assert failed.value.exit_code == (3 if fault is BuildFault.STEP else None)


async def test_cancelling_a_build_that_is_unknown_does_nothing(either: DockerEngine) -> None:
    await either.cancel_build("nobody-builds-this")


async def test_cancelling_ends_the_engines_work(engine: DockerEngine, tag: str) -> None:
    build = wanted(tag, use_cache=False)
    dockerfile = f"FROM {IMAGE}\nRUN sleep 600\n"
    tar = stream(context({"Dockerfile": dockerfile}))

    async def follow() -> None:
        async with aclosing(engine.build(build, tar)) as events:
            async for event in events:
                if isinstance(event, StepStarted) and event.number == 2:
                    await engine.cancel_build(build.reference)

    # Nobody else saw the cancellation: to the follower the engine went away.
    with anyio.fail_after(60), pytest.raises(Fault):
        await follow()
    await engine.cancel_build(build.reference)


@dataclass(frozen=True)
class Served:
    """A context in memory whose Dockerfile is none of its files."""

    text: str
    files: dict[str, bytes]

    @property
    def entries(self) -> list[ContextEntry]:
        folders = {str(PurePosixPath(name).parent) for name in self.files} - {"."}
        return [
            *(ContextEntry(folder, 0o755, directory=True) for folder in folders),
            *(ContextEntry(name, 0o644, len(content)) for name, content in self.files.items()),
        ]

    @property
    def dockerfile_entry(self) -> ContextEntry:
        return ContextEntry("Dockerfile", 0o644, len(self.text))

    @property
    def dockerfile_content(self) -> bytes:
        return self.text.encode()

    def read(self, entry: ContextEntry) -> Iterator[bytes]:
        yield self.files[entry.path]


async def test_a_served_context_is_copied_without_the_dockerfile_that_is_built_from(
    engine: DockerEngine, tag: str
) -> None:
    # More than one window of HTTP/2 and many files in directories whose names sort apart from their paths.
    files = {f"d{n % 7}/f{n}": b"x" * n for n in range(400)} | {"d1.x": b"", "d1/构": b"y" * 3_000_000}
    served = Served(f"FROM {IMAGE}\nWORKDIR /copied\nCOPY . .\nRUN find . -type f | sort\n", files)
    async with engine.serving(served) as session:
        build = wanted(tag, session=session, use_cache=False)
        async with aclosing(engine.build(build, None)) as events:
            printed = b"".join([event.data async for event in events if isinstance(event, StepOutput)])
    assert printed.decode().split() == sorted(f"./{name}" for name in files)


async def served_to_the_end(engine: DockerEngine, build: ImageBuild, served: Served) -> None:
    async with (
        engine.serving(served) as session,
        aclosing(engine.build(replace(build, session=session), None)) as events,
    ):
        async for _ in events:
            pass


async def test_the_failure_of_a_served_build_is_told_as_it_is(engine: DockerEngine, tag: str) -> None:
    with pytest.raises(BuildFailed) as failed:
        await served_to_the_end(engine, wanted(tag), Served(f"FROM {IMAGE}\nRUN exit 3\n", {}))
    assert failed.value.exit_code == 3

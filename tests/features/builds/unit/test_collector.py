"""Artifacts taken out of a real image that makes it hard."""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import anyio
import pytest

from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.engines.port import ImageBuild
from eulermaker.features.builds.artifacts import (
    Artifact,
    Collector,
    all_rpm_trees,
    has_rpmbuild,
    rpm_trees,
    trees_of,
)
from eulermaker.features.builds.faults import ARTIFACTS_TOO_LARGE
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.faults import Fault
from tests.engines.conftest import HOST, context, stream
from tests.server import IMAGE

pytestmark = pytest.mark.anyio
DOCKERFILE = f"""\
FROM {IMAGE}
RUN mkdir -p /output/a /output/b/deep "/output/空 格" && cd /output \\
    && echo one >a/same && echo two >b/same && echo three >same \\
    && echo linked >a/original && ln a/original b/hard \\
    && ln -s a/original link && ln -s /etc/passwd outside && ln -s / loop && mkfifo pipe \\
    && echo text >"空 格/文件" && : >empty && echo no package >fake.rpm
RUN mkdir -p /srv/rpmbuild/RPMS/noarch && echo also none >/srv/rpmbuild/RPMS/noarch/x.rpm
"""
LABELS = {"eulermaker.test": "collector"}


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The image, which goes with the tests."""
    tag = f"eulermaker-test/{uuid.uuid4().hex[:12]}:1"
    anyio.run(partial(_build, tag))
    yield tag
    anyio.run(partial(_remove, tag))


async def _build(tag: str) -> None:
    engine = DockerEngine(HOST, builder="auto", clock=utc_now)
    build = ImageBuild(uuid.uuid4().hex, "Dockerfile", (tag,))
    async with aclosing(engine.build(build, stream(context({"Dockerfile": DOCKERFILE})))) as events:
        async for _ in events:
            pass
    await engine.close()


async def _remove(tag: str) -> None:
    engine = DockerEngine(HOST, builder="auto", clock=utc_now)
    await engine.remove_tag(tag)
    await engine.close()


@pytest.fixture
async def engine() -> AsyncIterator[DockerEngine]:
    """The real engine."""
    opened = DockerEngine(HOST, builder="auto", clock=utc_now)
    yield opened
    await opened.close()


async def collected(
    engine: DockerEngine, image: str, folder: Path, *, max_bytes: int = 1 << 20
) -> list[Artifact]:
    found = await engine.image(image)
    assert found is not None
    async with engine.files_of(image, labels=LABELS) as files:
        trees = rpm_trees(found, ["/srv/rpmbuild"])
        return await Collector(folder, max_bytes=max_bytes).collect(files, trees, search=True)


async def test_every_file_is_an_artifact_once(engine: DockerEngine, image: str, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    found = {artifact.path: artifact for artifact in await collected(engine, image, folder)}
    contents = {
        "/output/a/same": "one\n",
        "/output/b/same": "two\n",
        "/output/same": "three\n",
        "/output/a/original": "linked\n",
        "/output/b/hard": "linked\n",
        "/output/空 格/文件": "text\n",
        "/output/empty": "",
        "/output/fake.rpm": "no package\n",
        "/srv/rpmbuild/RPMS/noarch/x.rpm": "also none\n",
    }
    assert set(found) == set(contents)
    for path, artifact in found.items():
        content = contents[path].encode()
        assert artifact.size == len(content)
        assert artifact.sha256 == hashlib.sha256(content).hexdigest()
        assert (folder / artifact.sha256).read_bytes() == content
        assert artifact.rpm is None
    assert len({artifact.name for artifact in found.values()}) == len(contents)
    assert found["/output/same"].name == "same"


async def test_collecting_again_gives_the_same_and_leaves_nothing_beside(
    engine: DockerEngine, image: str, tmp_path: Path
) -> None:
    folder = tmp_path / "artifacts"
    (tmp_path / "artifacts.part").mkdir()
    (tmp_path / "artifacts.part" / "7").write_text("left by a death")
    first = await collected(engine, image, folder)
    assert await collected(engine, image, folder) == first
    assert os.listdir(tmp_path) == ["artifacts"]
    assert set(os.listdir(folder)) == {artifact.sha256 for artifact in first}


async def test_too_much_is_refused_and_there_is_no_half_of_it(
    engine: DockerEngine, image: str, tmp_path: Path
) -> None:
    with pytest.raises(Fault) as fault:
        await collected(engine, image, tmp_path / "artifacts", max_bytes=10)
    assert fault.value.entry is ARTIFACTS_TOO_LARGE
    assert not (tmp_path / "artifacts").exists()


async def test_trees_that_nothing_tells_of_are_found_by_a_search(engine: DockerEngine, image: str) -> None:
    async with engine.files_of(image, labels=LABELS) as files:
        assert await all_rpm_trees(files) == [PurePosixPath("/srv/rpmbuild")]
        assert not await has_rpmbuild(files)


async def test_a_search_is_made_only_where_the_trees_hold_nothing(
    engine: DockerEngine, image: str, tmp_path: Path
) -> None:
    async with engine.files_of(image, labels=LABELS) as files:
        collector = Collector(tmp_path / "artifacts", max_bytes=1 << 20)
        found = await collector.collect(files, [PurePosixPath("/root/rpmbuild")], search=True)
    # /output has a file with a package's name.
    assert trees_of(found) == []


async def test_a_search_ends_with_its_task(engine: DockerEngine, image: str) -> None:
    async with engine.files_of(image, labels=LABELS) as files:

        @asynccontextmanager
        async def stuck() -> AsyncIterator[AsyncIterator[bytes]]:
            yield endless()

        async def endless() -> AsyncIterator[bytes]:
            yield b""
            await anyio.sleep_forever()

        silent = SimpleNamespace(archive=files.archive, everything=stuck)
        with anyio.move_on_after(0.2) as scope:
            await all_rpm_trees(silent)
        assert scope.cancelled_caught


@pytest.mark.parametrize("path", ["/output/empty/.", "/output/nothing/.", "/output/empty/deeper/."])
async def test_a_folder_that_is_none_does_not_exist(engine: DockerEngine, image: str, path: str) -> None:
    async with engine.files_of(image, labels=LABELS) as files, files.archive(path) as stream:
        assert stream is None

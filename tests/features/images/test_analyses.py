"""Images taken apart: one at a time, once each, within bounds; engines that drip, lie and count."""

import io
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import anyio
import pytest

from eulermaker.engines.images import Images, InspectedImage
from eulermaker.engines.port import ENGINE_REFUSED
from eulermaker.features.images.analyses import Analyses
from eulermaker.features.images.anatomy import Anatomy
from eulermaker.features.images.faults import ANALYSIS_BUSY, TOO_MANY_FILES
from eulermaker.kernel.faults import Fault

pytestmark = pytest.mark.anyio

IMAGE = InspectedImage(
    id="sha256:1", tags=("tools:1",), digests=(), size=3, created_at=datetime(2026, 1, 1, tzinfo=UTC),
    labels={}, architecture="amd64", os="linux", author="", comment="", layers=("sha256:a",),
)  # fmt: skip


def tar(**files: bytes) -> bytes:
    """A tar of those files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def saved() -> bytes:
    """An archive of `docker save` with one layer of two files."""
    config = {"rootfs": {"diff_ids": ["sha256:a"]}, "history": [{"created_by": "ADD"}]}
    manifest: list[dict[str, Any]] = [{"Config": "config.json", "Layers": ["layer.tar"]}]
    documents = {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    return tar(**{"layer.tar": tar(a=b"abc", b=b"b"), **documents})


class CountingEngine:
    """Tells how often an image was read; `content` for ever with `drips`."""

    def __init__(self, content: bytes, *, drips: bool = False) -> None:
        self.reads = 0
        self._content = content
        self._drips = drips

    @asynccontextmanager
    async def save(self, reference: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The archive."""
        self.reads += 1
        yield self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield self._content
        while self._drips:
            await anyio.sleep(0.01)
            yield bytes(tarfile.BLOCKSIZE)


def analyses(engine: CountingEngine, **bounds: Any) -> Analyses:
    """Of images that are on that engine."""
    return Analyses(cast(Images, engine), **bounds)


async def test_a_crowd_reads_an_image_once() -> None:
    engine = CountingEngine(saved())
    found: list[Anatomy] = []
    apart = analyses(engine)

    async def ask() -> None:
        found.append(await apart.of(IMAGE))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask)
    assert await apart.of(IMAGE) is found[0]
    assert (len(found), engine.reads, found[0].size) == (10, 1, 4)


async def refused(apart: Analyses) -> Fault:
    with pytest.raises(Fault) as fault:
        await apart.of(IMAGE)
    return fault.value


async def test_an_image_of_too_many_files_is_refused_by_its_name() -> None:
    fault = await refused(analyses(CountingEngine(saved()), max_files=1))
    assert fault.entry is TOO_MANY_FILES
    assert "tools:1" in fault.message("en")


async def test_an_engine_that_drips_is_left_after_the_deadline() -> None:
    # The start of a member that is never whole: nothing but the deadline ends this.
    drip = tar(**{"layer.tar": bytes(1 << 20)})[: tarfile.BLOCKSIZE]
    apart = analyses(CountingEngine(drip, drips=True), seconds=0.2)
    with anyio.fail_after(60):
        assert (await refused(apart)).entry is ANALYSIS_BUSY


async def test_what_is_no_archive_is_the_engines_fault() -> None:
    assert (await refused(analyses(CountingEngine(b"no archive")))).entry is ENGINE_REFUSED

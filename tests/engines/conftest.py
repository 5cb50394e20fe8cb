"""The real engine, and what it really said about builds."""

import io
import os
import tarfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from typing import Protocol

import anyio
import pytest

from eulermaker.engines.docker.connection import Connection, lines
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.kernel.clock import utc_now

HOST = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def context(files: Mapping[str, str]) -> bytes:
    """A build context of those files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


async def stream(content: bytes) -> AsyncIterator[bytes]:
    """The content as it would be uploaded."""
    yield content


class Said(Protocol):
    """Asks the engine for a build and tells the lines of its answer."""

    def __call__(self, dockerfile: str, *, version: str, **query: str) -> list[bytes]: ...


@pytest.fixture(scope="session")
def tag() -> Iterator[str]:
    """A tag of this run's own; its image is removed at the end."""
    name = f"eulermaker-test/{uuid.uuid4().hex[:12]}:1"
    yield name
    anyio.run(_remove, name)


async def _remove(name: str) -> None:
    engine = DockerEngine(HOST, builder="auto", clock=utc_now)
    await engine.remove_tag(name)
    await engine.close()


@pytest.fixture(scope="session")
def said(tag: str) -> Said:
    """The engine's own words about a build, line by line."""

    def ask(dockerfile: str, *, version: str, **query: str) -> list[bytes]:
        return anyio.run(partial(_ask, {"version": version, "t": tag, "rm": "1", **query}, dockerfile))

    return ask


async def _ask(query: Mapping[str, str], dockerfile: str) -> list[bytes]:
    http = Connection(HOST)
    try:
        tar = stream(context({"Dockerfile": dockerfile, "hello.txt": "hello\n"}))
        with anyio.fail_after(120):
            async with http.request("POST", "/build", query=query, stream=tar, seconds=None) as answer:
                return [line async for line in lines(answer)]
    finally:
        await http.close()


@pytest.fixture
async def engine() -> AsyncIterator[DockerEngine]:
    """The real engine."""
    opened = DockerEngine(HOST, builder="auto", clock=utc_now)
    yield opened
    await opened.close()

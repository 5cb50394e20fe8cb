"""Images, volumes, networks and containers for tests, made past the product and removed at the end."""

import base64
import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx

from scripts import engine_api
from tests.api.engine import HOST
from tests.server import IMAGE

SECONDS = 60.0


def unique(noun: str) -> str:
    """A name that nobody else has."""
    return f"eulermaker-test-{noun}-{uuid4().hex[:12]}"


def root_file_system(content: bytes = b"hello\n") -> bytes:
    """A tar with one file, `/content`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("content")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@contextmanager
def image(content: bytes | None = None, labels: Mapping[str, str] | None = None) -> Iterator[str]:
    """A name of an image with content of its own."""
    name = f"{unique('image')}:one"
    archive = root_file_system(uuid4().bytes if content is None else content)
    changes = "".join(f"&changes=LABEL+{key}={value}" for key, value in (labels or {}).items())
    repository, _, tag = name.partition(":")
    path = f"/images/create?fromSrc=-&repo={repository}&tag={tag}{changes}"
    with engine_api.exchange(HOST, "POST", path, archive) as answer:
        list(engine_api.frames(answer.response))
    try:
        yield name
    finally:
        forget(f"/images/{name}?force=true")


@contextmanager
def container(
    *, labels: Mapping[str, str] | None = None, used: str = IMAGE, start: bool = False, **host: Any
) -> Iterator[str]:
    """The name of a container that does nothing."""
    name = unique("container")
    config = {
        "Image": used,
        "Cmd": ["sleep", "3600"],
        "Labels": dict(labels or {}),
        "HostConfig": {"Init": True, **host},
    }
    engine_api.post_json(HOST, f"/containers/create?name={name}", config)
    try:
        if start:
            with engine_api.exchange(HOST, "POST", f"/containers/{name}/start"):
                pass
        yield name
    finally:
        forget(f"/containers/{name}?force=true&v=true")


def forget(path: str) -> None:
    """Delete something, if the engine still has it."""
    with suppress(engine_api.EngineError), engine_api.exchange(HOST, "DELETE", path):
        pass


def owned_by(client: httpx.Client, tenant: str = "tenant_default") -> dict[str, str]:
    """The labels of what belongs to the one who signed in with that client."""
    payload = client.headers["Authorization"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {"org.eulermaker.owner": claims["sub"], "org.eulermaker.tenant": tenant}


def until(what: Callable[[], Any]) -> Any:
    """What it returns, once that is something."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"still nothing after {SECONDS} s")

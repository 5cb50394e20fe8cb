"""Our parser and the BuildKit of the engine at hand take and refuse the same Dockerfiles."""

import http.client
import io
import json
import os
import re
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from eulermaker.formats.dockerfile import (
    DockerfileError,
    context_sources,
    missing_sources,
    parse,
    resolve_target,
)

CORPUS: Final = Path(__file__).parent / "corpus"
NEWER_FROM: Final = (1, 42)


def corpus(kind: str) -> list[Any]:
    files = sorted((CORPUS / kind).glob("*.Dockerfile"))
    return [pytest.param(file, id=file.stem) for file in files]


def read(file: Path) -> str:
    return file.read_bytes().decode()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@contextmanager
def request(method: str, path: str, body: bytes = b"") -> Iterator[http.client.HTTPResponse]:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    assert host.startswith("unix://"), f"this test needs an engine on a unix socket, not {host}"
    connection = UnixConnection(host.removeprefix("unix://"))
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-tar"})
        yield connection.getresponse()
    finally:
        connection.close()


def api_version() -> tuple[int, int]:
    with request("GET", "/version") as response:
        major, minor = json.load(response)["ApiVersion"].split(".")
    return int(major), int(minor)


def context(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def refusal(dockerfile: str, *, target: str = "", files: dict[str, str] | None = None) -> str | None:
    """Why the engine does not build the Dockerfile, or `None` where it does; the image is removed."""
    query = urlencode({"version": "2", "target": target})
    message: str | None = None
    with request("POST", f"/build?{query}", context({"Dockerfile": dockerfile, **(files or {})})) as response:
        events = [json.loads(line) for line in response.read().splitlines()]
    for event in events:
        if event.get("id") == "moby.image.id":
            with request("DELETE", f"/images/{event['aux']['ID']}") as removal:
                removal.read()
        message = event.get("errorDetail", {}).get("message") or event.get("message") or message
    return message


def test_the_corpus_is_there() -> None:
    assert len(corpus("accepted")) >= 25
    assert len(corpus("newer")) >= 5
    assert len(corpus("refused")) >= 40


@pytest.mark.parametrize("file", corpus("accepted"))
def test_both_accept(file: Path) -> None:
    assert str(parse(read(file))) == read(file)
    assert refusal(read(file)) is None


@pytest.mark.parametrize("file", corpus("newer"))
def test_newer_engines_accept_what_we_accept(file: Path) -> None:
    assert str(parse(read(file))) == read(file)
    accepted = refusal(read(file)) is None
    assert accepted == (api_version() >= NEWER_FROM)


@pytest.mark.parametrize("file", corpus("refused"))
def test_both_refuse(file: Path) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse(read(file))
    assert caught.value.reason == file.stem.partition("--")[0]
    message = refusal(read(file))
    assert message is not None
    if named := re.search(r"parse error (?:on )?line (\d+)", message):
        assert caught.value.line == int(named[1])


@pytest.mark.parametrize(("size", "accepted"), [(65535, True), (65536, False)])
def test_the_longest_line_is_the_same(size: int, accepted: bool) -> None:
    head = "LABEL a="
    text = f"FROM scratch\n{head}{'x' * (size - len(head))}\nLABEL b=c\n"
    if accepted:
        assert str(parse(text)) == text
    else:
        with pytest.raises(DockerfileError, match="longer than 65535 bytes"):
            parse(text)
    assert (refusal(text) is None) == accepted


@pytest.mark.parametrize(("target", "known"), [("ONE", True), ("two", True), ("0", False), ("three", False)])
def test_the_engine_knows_the_targets_that_we_know(target: str, known: bool) -> None:
    text = "FROM scratch AS one\nLABEL a=b\nFROM scratch AS Two\nLABEL c=d\n"
    assert (resolve_target(parse(text), target) is not None) == known
    assert (refusal(text, target=target) is None) == known


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("there", False),
        ("/dir/../there", False),
        ("../there", False),
        ("dir", False),
        ("dir/in", False),
        (".", False),
        ("absent-*", False),
        ("absent", True),
        ("dir/absent", True),
    ],
)
def test_the_engine_misses_the_sources_that_we_miss(source: str, missing: bool) -> None:
    text = f"FROM scratch\nCOPY {source} /x/\n"
    files = {"there": "1", "dir/in": "2"}
    assert bool(missing_sources(context_sources(parse(text)), files)) == missing
    assert (refusal(text, files=files) is not None) == missing

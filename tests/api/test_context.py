"""Context files: the forms in which they come, uploads, and what is refused without leaving a trace."""

import base64
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.answers import data_of, refusal_of, refused_build, refused_fields
from tests.api.conftest import Untouched
from tests.api.servers import kept, tailored
from tests.server import IMAGE, ServerProcess, build, detail, finished, reached

BUILDS = "/api/v1/builds"
LIMIT = 4096
#: Copies the context into the artifacts.
COPYING = f"FROM {IMAGE}\nCOPY . /output/\n"


@pytest.fixture(scope="module")
def small(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes contexts of at most LIMIT bytes."""
    settings = {"EULERMAKER_BUILD__MAX_CONTEXT_BYTES": str(LIMIT)}
    with tailored(database_kind, tmp_path_factory.mktemp("small") / "data", settings) as server:
        yield server


@pytest.fixture
def client(small: ServerProcess) -> Iterator[httpx.Client]:
    """A client of the small server."""
    with small.signed_in() as signed_in:
        yield signed_in


def test_every_form_arrives_as_it_was_meant(admin: httpx.Client) -> None:
    binary = bytes(range(256))
    encoded = base64.b64encode(binary).decode()
    files: dict[str, Any] = {
        "text.txt": "plain 中文\n",
        "SGVsbG8=.txt": "SGVsbG8=",
        "archive.tar.gz": encoded,
        "folded.GZ": "\n".join(encoded[at : at + 64] for at in range(0, len(encoded), 64)),
        "no-base64.gz": "this is text!",
        "told-text.gz": {"content": encoded, "encoding": "text"},
        "told-binary.txt": {"content": encoded, "encoding": "base64"},
        "told-nothing.txt": {"content": "SGVsbG8="},
        "./deep//er/./file": "deep",
        "empty": "",
        "zero.txt": "a\0b",
        "Dockerfile": "not the Dockerfile of this build",
    }
    identifier = build(admin, COPYING, name="forms", context_files=files, execute=False)
    data_of(
        admin.put(f"{BUILDS}/{identifier}/context/up/loaded.bin", content=binary), message="File uploaded"
    )
    data_of(
        admin.put(f"{BUILDS}/{identifier}/context/text.txt", content=b"replaced"), message="File uploaded"
    )
    admin.post(f"{BUILDS}/{identifier}/execute")
    found = finished(admin, identifier)
    assert found["status"] == "success", found["error"]

    contents = {
        artifact["path"]: admin.get(f"{BUILDS}/{identifier}/artifacts/{artifact['name']}").content
        for artifact in found["artifacts"]
    }

    ours = contents.pop("/output/.eulermaker.Dockerfile")
    assert ours.decode() == COPYING
    assert contents == {
        "/output/text.txt": b"replaced",
        "/output/SGVsbG8=.txt": b"SGVsbG8=",
        "/output/archive.tar.gz": binary,
        "/output/folded.GZ": binary,
        "/output/no-base64.gz": b"this is text!",
        "/output/told-text.gz": encoded.encode(),
        "/output/told-binary.txt": binary,
        "/output/told-nothing.txt": b"SGVsbG8=",
        "/output/deep/er/file": b"deep",
        "/output/empty": b"",
        "/output/zero.txt": b"a\0b",
        "/output/Dockerfile": b"not the Dockerfile of this build",
        "/output/up/loaded.bin": binary,
    }


def test_programs_are_those_that_are_told_to_be_else_scripts(admin: httpx.Client) -> None:
    files: dict[str, Any] = {
        "script": "#!/bin/sh\n",
        "plain": "x",
        "told": {"content": "x", "executable": True},
        "no-program": {"content": "#!/bin/sh\n", "executable": False},
    }
    running = (
        f"FROM {IMAGE}\nCOPY . /c/\n"
        "RUN cd /c && mkdir /output && for f in *; do test ! -x $f || : > /output/$f; done"
    )
    identifier = build(admin, running, name="modes", context_files=files, execute=False)
    for name, content, query in (
        ("up-script", b"#!/bin/sh\n", ""),
        ("up-plain", b"x", ""),
        ("up-told", b"", "?executable=true"),
        ("up-no-program", b"#!x", "?executable=false"),
    ):
        url = f"{BUILDS}/{identifier}/context/{name}{query}"
        data_of(admin.put(url, content=content), message="File uploaded")
    admin.post(f"{BUILDS}/{identifier}/execute")
    found = finished(admin, identifier)
    assert found["status"] == "success", found["error"]
    assert [artifact["name"] for artifact in found["artifacts"]] == ["script", "told", "up-script", "up-told"]


@pytest.mark.parametrize("taken", ["Dockerfile/a", "Dockerfile/.eulermaker.Dockerfile/b"])
def test_a_folder_may_have_the_dockerfiles_name(admin: httpx.Client, taken: str) -> None:
    dockerfile = f"FROM {IMAGE}\nCOPY Dockerfile /output"
    found = finished(admin, build(admin, dockerfile, name="folder", context_files={taken: "in it"}))
    assert found["status"] == "success", found["error"]
    assert [artifact["path"] for artifact in found["artifacts"]] == [
        taken.replace("Dockerfile", "/output", 1)
    ]


LEAVING = ["../x", "/abs", "a/../../x", "a/..", "..", ".", "", "a\0b", "a\\b", "dir/", "x" * 256, "y/" * 600]


@pytest.mark.parametrize("path", [*LEAVING, "a\nb", "\ud800"])
def test_path_that_leaves_the_context_is_refused(
    shared_server: ServerProcess, admin: httpx.Client, untouched: Untouched, path: str
) -> None:
    files = {"fine": "", path: "x"}
    with untouched():
        refused = refused_build(
            admin, {"name": "paths", "dockerfile_content": COPYING, "context_files": files}
        )
    (field,) = refused
    assert field.startswith("context_files.")
    assert not (shared_server.data_dir / "x").exists()
    assert not Path("/abs").exists()


@pytest.mark.parametrize("path", LEAVING)
def test_upload_that_leaves_the_context_is_refused(
    admin: httpx.Client, untouched: Untouched, path: str
) -> None:
    identifier = build(admin, COPYING, execute=False)
    encoded = "".join(f"%{byte:02x}" for byte in path.encode())
    with untouched():
        answer = admin.put(f"{BUILDS}/{identifier}/context/{encoded}", content=b"x")
        assert list(refused_fields(answer)) == ["path"]


@pytest.mark.parametrize(
    ("files", "field"),
    [
        ({"a": "1", "./a": "2"}, "context_files../a"),
        ({"a": "1", "a/b": "2"}, "context_files.a/b"),
        ({"a/b": "1", "a": "2"}, "context_files.a"),
        ({"a": {"content": "no base64!", "encoding": "base64"}}, "context_files.a"),
        ({"a": {"content": "YQ", "encoding": "base64"}}, "context_files.a"),
        ({"a": {"content": "ü", "encoding": "base64"}}, "context_files.a"),
        ({"a": {"content": "x", "encoding": "gzip"}}, "context_files.a.encoding"),
        ({"a": {"content": "x", "mode": 7}}, "context_files.a.mode"),
        ({"a": {"encoding": "text"}}, "context_files.a.content"),
        ({"a": 7}, "context_files.a"),
        ({"a": None}, "context_files.a"),
        ({"a": "\ud800"}, "context_files.a"),
        (["a"], "context_files"),
    ],
)
def test_file_that_cannot_be_taken_is_named(
    admin: httpx.Client, untouched: Untouched, files: Any, field: str
) -> None:
    with untouched():
        refused = refused_build(
            admin, {"name": "files", "dockerfile_content": COPYING, "context_files": files}
        )
    assert list(refused) == [field]


def test_upload_onto_a_directory_or_under_a_file_is_refused(
    admin: httpx.Client, untouched: Untouched
) -> None:
    identifier = build(admin, COPYING, context_files={"file": "x", "folder/file": "x"}, execute=False)
    with untouched():
        for path in ("file/below", "folder"):
            fields = refused_fields(admin.put(f"{BUILDS}/{identifier}/context/{path}", content=b"x"))
            assert list(fields) == [f"context_files.{path}"]


def test_context_over_the_limit_is_refused_however_it_comes(
    small: ServerProcess, client: httpx.Client
) -> None:
    body = {"name": "limit", "dockerfile_content": COPYING}
    files = {"a": "x" * (LIMIT // 2), "b": "x" * (LIMIT // 2)}
    identifier = build(client, COPYING, context_files=files, execute=False)
    before = kept(small, client)

    in_json = client.post(BUILDS, json={**body, "context_files": {**files, "c": "x"}})
    uploads = [
        client.put(f"{BUILDS}/{identifier}/context/c", content=b"x"),
        client.put(f"{BUILDS}/{identifier}/context/a", content=b"x" * (LIMIT // 2 + 1)),
        client.put(f"{BUILDS}/{identifier}/context/c", content=iter([b"x" * 512] * 20_000)),
    ]

    for answer in (in_json, *uploads):
        error = refusal_of(answer, 400, "INVALID_REQUEST", "context-too-large")
        assert str(LIMIT) in error["message"]
    assert kept(small, client) == before
    # What fits exactly is taken, and a file that is replaced makes room for its successor.
    replaced = client.put(f"{BUILDS}/{identifier}/context/a", content=b"y" * (LIMIT // 2))
    assert data_of(replaced, message="File uploaded") == {"path": "a", "size": LIMIT // 2}


def test_upload_that_is_cut_off_leaves_nothing(small: ServerProcess, client: httpx.Client) -> None:
    identifier = build(client, COPYING, execute=False)
    before = kept(small, client)
    for head in ("Content-Length: 4000", "Transfer-Encoding: chunked"):
        connection = _begin_upload(small, client, identifier, "cut.bin", head)
        sent = b"x" * 1000 if "Length" in head else b"3e8\r\n" + b"x" * 1000 + b"\r\n"
        connection.sendall(sent)
        _until(lambda: kept(small, client) != before)
        connection.close()
        _until(lambda: kept(small, client) == before)
    counted = client.get("/metrics").text
    assert 'eulermaker_faults_total{slug="upload-interrupted"} 2.0' in counted


def test_upload_that_outlives_the_draft_is_refused(shared_server: ServerProcess, admin: httpx.Client) -> None:
    executed = build(admin, f"FROM {IMAGE}\nRUN sleep 60\n", execute=False, cache_enabled=False)
    deleted = build(admin, COPYING, execute=False)
    connections = {
        identifier: _begin_upload(shared_server, admin, identifier, "late.bin", "Content-Length: 2000")
        for identifier in (executed, deleted)
    }
    for connection in connections.values():
        connection.sendall(b"x" * 1000)
    builds = shared_server.data_dir / "builds"
    for identifier in connections:
        _until(lambda found=identifier: list((builds / found).glob("upload-*")) != [])
    admin.post(f"{BUILDS}/{executed}/execute")
    reached(admin, executed, {"running"})
    admin.delete(f"{BUILDS}/{deleted}")
    for connection in connections.values():
        connection.sendall(b"x" * 1000)

    assert b" 409 " in connections[executed].recv(100)
    assert b" 404 " in connections[deleted].recv(100)
    for connection in connections.values():
        connection.close()

    assert list((builds / executed / "context").iterdir()) == []
    assert not (builds / deleted).exists()
    admin.post(f"{BUILDS}/{executed}/cancel")
    assert detail(admin, executed)["status"] == "cancelled"


def _begin_upload(
    server: ServerProcess, client: httpx.Client, identifier: str, path: str, head: str
) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    lines = [
        f"PUT {BUILDS}/{identifier}/context/{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: {client.headers['Authorization']}",
        head,
        "\r\n",
    ]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def _until(happened: Any) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)

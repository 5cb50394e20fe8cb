"""Images over HTTP: list, detail, tag, remove, prune, import and export, on the real engine."""

import io
import json
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api import engine
from tests.api.answers import IMAGE_ID, MOMENT, data_of, is_chinese, refusal_of, refused_fields
from tests.api.servers import tailored
from tests.api.things import container, forget, image, root_file_system, unique, until
from tests.server import IMAGE, ServerProcess, build, finished

pytestmark = pytest.mark.usefixtures("any_database")

IMAGES = "/api/v1/images"
MISSING = "eulermaker-test-no-such-image:one"

#: Each operation, on things that do not exist: what may not be done is refused before it is looked for.
READS = [
    ("GET", "", 200),
    ("GET", "/pulls", 200),
    ("GET", "/pulls/pull_000000000000", 404),
    ("GET", f"/{MISSING}", 404),
    ("GET", f"/{MISSING}/history", 404),
    ("GET", f"/{MISSING}/analysis", 404),
    ("GET", f"/{MISSING}/export", 404),
]
WRITES = [
    ("POST", "/pull", {"image": "localhost:1/nobody/listens:here"}, 202),
    ("POST", "/pulls/pull_000000000000/cancel", None, 404),
    ("POST", "/prune?dry_run=true", None, 200),
    ("POST", "/import?format=load", None, 400),
    ("POST", f"/{MISSING}/tag", {"tag": "eulermaker-test-never:made"}, 404),
    ("DELETE", f"/{MISSING}", None, 404),
]


def test_every_operation_for_every_role(people: dict[str, httpx.Client]) -> None:
    for person, client in people.items():
        may_write = person in ("operator", "administrator", "foreigner")
        for method, path, status in READS:
            answer = client.request(method, f"{IMAGES}{path}")
            expected = 401 if person == "anonymous" else status
            assert answer.status_code == expected, (person, path, answer.text)
        for method, path, body, status in WRITES:
            expected = 401 if person == "anonymous" else status if may_write else 403
            answer = client.request(method, f"{IMAGES}{path}", json=body)
            assert answer.status_code == expected, (person, path, answer.text)
            if expected == 403:
                refusal_of(answer, 403, "FORBIDDEN", "forbidden")


def test_list_is_filtered_and_paged(admin: httpx.Client) -> None:
    with image(labels={"test.kind": "apple"}) as one, image(labels={"test.kind": "pear"}) as two:
        by_name = data_of(admin.get(IMAGES, params={"name": one.partition(":")[0]}))
        assert (by_name["total"], by_name["limit"], by_name["offset"]) == (1, 20, 0)
        [found] = by_name["images"]
        assert set(found) == {"id", "tags", "digests", "size", "created_at", "labels"}
        assert found["tags"] == [one]
        assert IMAGE_ID.fullmatch(found["id"])
        assert MOMENT.fullmatch(found["created_at"])

        def tags(**params: str | int | list[str]) -> list[list[str]]:
            answer = admin.get(IMAGES, params={"name": "eulermaker-test-image-", **params})
            return [entry["tags"] for entry in data_of(answer)["images"]]

        assert tags(label="test.kind=apple") == [[one]]
        # It was made behind our back, a moment ago.
        until(lambda: tags(label="test.kind=pear") == [[two]])
        assert sorted(tags(label="test.kind", dangling=False)) == sorted([[one], [two]])
        assert tags(label=["test.kind", "other"]) == []
        assert tags(dangling=True) == []
        first, second = tags(label="test.kind", limit=1), tags(label="test.kind", limit=1, offset=1)
        assert sorted(first + second) == sorted([[one], [two]])


def test_detail_has_configuration_layers_and_history(admin: httpx.Client) -> None:
    name = f"{unique('image')}:two"
    changes = ['CMD ["/content", "--now"]', "ENV A=b=c", "EXPOSE 80", "VOLUME /data", "USER nobody"]
    params = {"tag": name, "changes": [*changes, "LABEL x=y"]}
    made = data_of(
        admin.post(f"{IMAGES}/import", params=params, content=root_file_system(b"x" * 1000)),
        201,
        message="Image imported",
    )
    try:
        [imported] = made["images"]
        assert imported["tags"] == [name]
        for reference in (name, imported["id"], imported["id"].removeprefix("sha256:")[:12]):
            found = data_of(admin.get(f"{IMAGES}/{reference}"))
            assert (found["id"], found["tags"]) == (imported["id"], [name])
        assert (found["command"], found["environment"]) == (["/content", "--now"], {"A": "b=c"})
        assert (found["exposed_ports"], found["volumes"]) == (["80/tcp"], ["/data"])
        assert (found["user"], found["labels"], found["os"]) == ("nobody", {"x": "y"}, "linux")
        assert found["size"] == 1000
        assert found["rootfs"]["layers"] == engine.image(name)["RootFS"]["Layers"]
        assert sum(step["size"] for step in found["history"]) == 1000
        history = data_of(admin.get(f"{IMAGES}/{name}/history"))["history"]
        assert history == found["history"]
        assert history[0]["tags"] == [name]
    finally:
        forget(f"/images/{name}")


@pytest.mark.parametrize(
    "name",
    [
        "../containers/json",
        "UPPER",
        "a b",
        "sha256:",
        "x:",
        "/",
        "nul%00",
        "%E4%B8%AD",
        "a" * 300,
        "a//b",
    ],
)
def test_what_names_no_image_is_not_found(admin: httpx.Client, name: str) -> None:
    for method, path in (("GET", ""), ("GET", "/history"), ("GET", "/export"), ("DELETE", "")):
        answer = admin.request(method, f"{IMAGES}/{name.replace('..', '%2e%2e')}{path}")
        refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "image-not-found")


def test_names_come_and_go_and_the_image_with_the_last(admin: httpx.Client) -> None:
    with image() as one:
        other = f"{unique('image')}:other"
        told = data_of(admin.post(f"{IMAGES}/{one}/tag", json={"tag": other}), message="Image tagged")
        assert told["tag"] == other
        assert refused_fields(admin.post(f"{IMAGES}/{one}/tag", json={"tag": "Not A Name"})).keys() == {"tag"}
        by_id = admin.delete(f"{IMAGES}/{told['id']}")
        refusal_of(by_id, 409, "RESOURCE_CONFLICT", "image-needed")

        gone = data_of(admin.delete(f"{IMAGES}/{one}"), message="Image removed")
        assert (gone["untagged"], gone["deleted"]) == ([one], [])
        gone = data_of(admin.delete(f"{IMAGES}/{other}"), message="Image removed")

        assert told["id"] in gone["deleted"]
        assert not engine.has_image(told["id"])


def test_image_in_use_is_kept_and_its_containers_are_named(chinese: httpx.Client) -> None:
    with image() as used, container(used=used) as name:
        refused = chinese.delete(f"{IMAGES}/{used}")
        error = refusal_of(refused, 409, "RESOURCE_CONFLICT", "image-in-use")
        assert error["details"]["containers"] == [name]
        assert name in error["message"]
        assert is_chinese(error["message"])
        assert engine.has_image(used)
        # The container is stopped: whoever insists may take its image away.
        assert chinese.delete(f"{IMAGES}/{used}", params={"force": True}).status_code == 200
        assert not engine.has_image(used)


def test_prune_tells_first_and_then_does_what_it_told(admin: httpx.Client) -> None:
    labels = {"eulermaker.test": unique("label")}
    wanted = {"label": f"eulermaker.test={labels['eulermaker.test']}"}
    with image(b"y" * 5000, labels) as one, image(labels=labels) as used, container(used=used):
        assert _prune(admin, **wanted, dry_run=True)["count"] == 0
        told = _prune(admin, **wanted, all=True, dry_run=True)
        assert told == {"dry_run": True, "images": [one], "count": 1, "bytes": 5000}
        assert engine.has_image(one)

        done = _prune(admin, **wanted, all=True)

        assert done == {**told, "dry_run": False}
        assert not engine.has_image(one)
        assert engine.has_image(used)
    assert IMAGE not in _prune(admin, all=True, dry_run=True)["images"]


def test_what_is_exported_can_be_loaded_again(admin: httpx.Client, tmp_path: Path) -> None:
    with image(b"z" * 3_000_000) as name:
        exported = tmp_path / "image.tar"
        with admin.stream("GET", f"{IMAGES}/{name}/export") as answer, exported.open("wb") as file:
            assert answer.headers["Content-Type"] == "application/x-tar"
            plain = name.replace(":", "_")
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{plain}.tar"'
            file.writelines(answer.iter_bytes())
        identifier = engine.image(name)["Id"]
        with tarfile.open(exported) as tar:
            manifest = tar.extractfile("manifest.json")
            assert manifest is not None
            assert json.load(manifest)[0]["RepoTags"] == [name]
        assert admin.delete(f"{IMAGES}/{name}").status_code == 200

        loaded = admin.post(f"{IMAGES}/import", params={"format": "load"}, content=_pieces(exported))

        assert data_of(loaded, 201, message="Image imported") == {
            "images": [{"id": identifier, "tags": [name]}]
        }


def test_archives_that_hold_no_image_are_refused(admin: httpx.Client) -> None:
    name = f"{unique('image')}:bad"
    whole = root_file_system(b"x" * 100_000)
    for params, content in (
        ({"tag": name}, b"this is no tar at all, is it?" * 100),
        ({"tag": name}, whole[:50_000]),
        ({"tag": name}, b""),
        ({"format": "load"}, whole),
        ({"format": "load"}, b""),
    ):
        answer = admin.post(f"{IMAGES}/import", params=params, content=content)
        refusal_of(answer, 400, "INVALID_REQUEST", "image-archive-refused")
    for changes in ("RUN true", "LABEL", "FROM scratch"):
        answer = admin.post(f"{IMAGES}/import", params={"tag": name, "changes": changes}, content=whole)
        refusal_of(answer, 400, "INVALID_REQUEST", "image-changes-refused")
    for params in ({}, {"tag": "No Name"}, {"tag": f"x@sha256:{'0' * 64}"}, {"format": "zip", "tag": name}):
        answer = admin.post(f"{IMAGES}/import", params=params, content=whole)
        assert refused_fields(answer).keys() <= {"tag", "format"}
    assert not engine.has_image(name)


def test_upload_that_breaks_off_leaves_no_image(shared_server: ServerProcess, admin: httpx.Client) -> None:
    name = f"{unique('image')}:half"
    address = urlsplit(shared_server.url)
    assert address.hostname is not None
    head = (
        f"POST {IMAGES}/import?tag={name} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 1000000\r\n"
        f"Authorization: {admin.headers['Authorization']}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(head.encode() + root_file_system(b"x" * 200_000))
    until(lambda: "image-import-interrupted" in shared_server.log())
    assert not engine.has_image(name)
    assert data_of(admin.get(IMAGES, params={"name": name}))["total"] == 0


def test_import_is_bounded(tmp_path: Path) -> None:
    name = f"{unique('image')}:big"
    settings = {"EULERMAKER_IMAGES__MAX_IMPORT_BYTES": "20000"}
    with tailored("sqlite", tmp_path / "data", settings) as server, server.signed_in() as client:
        answer = client.post(
            f"{IMAGES}/import", params={"tag": name}, content=root_file_system(b"x" * 200_000)
        )
        error = refusal_of(answer, 400, "INVALID_REQUEST", "image-import-too-large")
        assert "20000" in error["message"]
        assert not engine.has_image(name)
        small = client.post(f"{IMAGES}/import", params={"tag": name}, content=root_file_system())
        forget(f"/images/{name}")
        assert small.status_code == 201


def test_engine_that_is_away_is_told(tmp_path: Path) -> None:
    settings = {"EULERMAKER_DOCKER_HOST": f"unix://{tmp_path / 'nobody.sock'}"}
    with tailored("sqlite", tmp_path / "data", settings) as server, server.signed_in() as client:
        for path in ("/images", f"/images/{IMAGE}", "/volumes", "/networks"):
            refusal_of(client.get(f"/api/v1{path}"), 500, "DOCKER_ERROR", "engine-unavailable")
        pull = data_of(client.post(f"{IMAGES}/pull", json={"image": "x"}), 202, message="Pull started")
        ended = until(lambda: _ended(client, pull["id"]))
        assert (ended["status"], ended["error"]["code"]) == ("failed", "engine-unavailable")
        archive = client.post(f"{IMAGES}/import", params={"tag": "x"}, content=root_file_system())
        refusal_of(archive, 500, "DOCKER_ERROR", "engine-unavailable")


def _ended(client: httpx.Client, pull: str) -> dict[str, object] | None:
    found: dict[str, object] = data_of(client.get(f"{IMAGES}/pulls/{pull}"))
    return None if found["status"] == "running" else found


def _prune(client: httpx.Client, **params: str | bool) -> dict[str, Any]:
    message = "These images would be pruned" if params.get("dry_run") else "Images pruned"
    told: dict[str, Any] = data_of(client.post(f"{IMAGES}/prune", params=params), message=message)
    return told


def _pieces(path: Path) -> Iterator[bytes]:
    with io.FileIO(path) as file:
        while piece := file.read(100_000):
            yield piece


def test_an_image_is_taken_apart(admin: httpx.Client) -> None:
    steps = (
        "RUN head -c 100000 /dev/urandom > /big",
        "RUN rm /big && mkdir -p /var/log && echo built > /var/log/made",
    )
    identifier = build(admin, "\n".join((f"FROM {IMAGE}", *steps)), name=unique("analyzed"))
    made = finished(admin, identifier)
    assert made["status"] == "success"
    name = made["image"]["id"]
    try:
        found = data_of(admin.get(f"{IMAGES}/{name}/analysis"))
        assert found == data_of(admin.get(f"{IMAGES}/{name}/analysis"))
        detail = data_of(admin.get(f"{IMAGES}/{name}"))
        assert [layer["digest"] for layer in found["layers"]] == detail["rootfs"]["layers"]
        big, last = found["layers"][-2:]
        assert (big["size"], big["wasted"], last["removed"], last["added"]) == (100_000, 100_000, 1, 1)
        assert "head -c 100000" in big["created_by"]
        removed = next(file for file in found["waste"] if file["kind"] == "removed")
        assert removed["path"] == "big"
        assert removed["other"] == len(found["layers"]) - 1
        assert {"removed", "log"} <= {advice["kind"] for advice in found["advice"]}
        assert all(advice["message"] for advice in found["advice"])
        assert found["largest"][0]["path"] == "bin/busybox"
        assert 0 < found["efficiency"] < 1
    finally:
        forget(f"/images/{name}?force=true")

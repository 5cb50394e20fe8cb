"""Pulls from a real registry: their progress, and every way in which they end."""

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.api import engine
from tests.api.answers import MOMENT, data_of, is_chinese, refusal_of, refused_fields
from tests.api.things import forget, image, unique, until
from tests.registry import Registry, StallingWire, running_registry
from tests.server import ServerProcess

pytestmark = pytest.mark.usefixtures("any_database")

IMAGES = "/api/v1/images"
LAYER = 3_000_000
#: Enough for what comes before a layer, and for a part of it.
SOME = 1_000_000


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A running registry."""
    with running_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def wire(registry: Registry) -> Iterator[StallingWire]:
    """A wire to the registry; it listens when it is mended."""
    wire = StallingWire(registry.port)
    yield wire
    wire.cut()


@pytest.fixture
def pushed(registry: Registry) -> str:
    """Repository and tag of an image that is in the registry alone."""
    repository = unique("pull")
    with image(os.urandom(LAYER)) as name:
        registry.push(name, repository, "one")
    return f"{repository}:one"


def test_pull_tells_its_progress_to_all_who_ask(
    shared_server: ServerProcess, people: dict[str, httpx.Client], wire: StallingWire, pushed: str
) -> None:
    operator, other = people["operator"], people["administrator"]
    name = f"{wire.host}/{pushed}"
    wire.mend(room=SOME)
    try:
        pull = _begin(operator, name)
        assert set(pull) == {
            "id", "image", "status", "message", "current", "total", "layers", "created_at", "finished_at",
            "image_id", "error",
        }  # fmt: skip
        assert (pull["image"], pull["status"], pull["error"]) == (name, "running", None)
        assert MOMENT.fullmatch(pull["created_at"])
        assert _begin(other, name)["id"] == pull["id"]

        half = until(lambda: _with_progress(operator, pull["id"]))
        assert 0 < half["current"] < half["total"]
        assert half["total"] > LAYER
        assert pull["id"] in [p["id"] for p in data_of(people["owner"].get(f"{IMAGES}/pulls"))["pulls"]]

        url = f"{shared_server.url.replace('http', 'ws')}/ws/images/pulls/{pull['id']}"
        headers = {"Authorization": people["owner"].headers["Authorization"]}
        with connect(url, additional_headers=headers) as socket:
            first = json.loads(socket.recv(timeout=30))
            assert (first["type"], first["status"], first["id"]) == ("progress", "running", pull["id"])
            wire.mend()
            frames = [json.loads(frame) for frame in socket]
        assert [frame["type"] for frame in frames] == ["progress"] * (len(frames) - 1) + ["end"]
        last = frames[-1]
        assert (last["status"], last["error"]) == ("success", None)
        assert last["image_id"] == engine.image(name)["Id"]
        assert last["current"] == last["total"] == half["total"]
        assert data_of(operator.get(f"{IMAGES}/{name}"))["size"] == LAYER
        refused = operator.post(f"{IMAGES}/pulls/{pull['id']}/cancel")
        refusal_of(refused, 409, "RESOURCE_CONFLICT", "image-pull-ended")
        # It ended: who asks again begins another one.
        assert _begin(operator, name)["id"] != pull["id"]
    finally:
        forget(f"/images/{name}")


def test_cancelled_pull_ends_for_everybody(
    shared_server: ServerProcess, people: dict[str, httpx.Client], wire: StallingWire, pushed: str
) -> None:
    name = f"{wire.host}/{pushed}"
    wire.mend(room=SOME)
    pull = _begin(people["operator"], name)
    until(lambda: _with_progress(people["operator"], pull["id"]))
    url = f"{shared_server.url.replace('http', 'ws')}/ws/images/pulls/{pull['id']}"
    headers = {"Authorization": people["owner"].headers["Authorization"]}
    with connect(url, additional_headers=headers) as socket:
        socket.recv(timeout=30)
        cancelled = people["operator"].post(f"{IMAGES}/pulls/{pull['id']}/cancel")
        assert data_of(cancelled, message="Pull cancelled")["status"] == "cancelled"
        last = [json.loads(frame) for frame in socket][-1]
    assert (last["type"], last["status"]) == ("end", "cancelled")
    again = people["operator"].post(f"{IMAGES}/pulls/{pull['id']}/cancel")
    assert data_of(again, message="Pull cancelled")["status"] == "cancelled"
    assert not engine.has_image(name)


def test_pull_goes_on_when_its_registry_comes_back(
    admin: httpx.Client, wire: StallingWire, pushed: str
) -> None:
    name = f"{wire.host}/{pushed}"
    wire.mend(room=SOME)
    pull = _begin(admin, name)
    until(lambda: _with_progress(admin, pull["id"]))
    wire.cut()
    try:
        until(
            lambda: any(
                layer["status"].startswith("Retrying") for layer in _pull(admin, pull["id"])["layers"]
            )
        )
        wire.mend()
        ended = _end_of(admin, pull["id"])
        assert (ended["status"], ended["error"]) == ("success", None)
        assert engine.has_image(name)
    finally:
        forget(f"/images/{name}")


def test_failures_tell_which_image_and_why(
    admin: httpx.Client, chinese: httpx.Client, registry: Registry, pushed: str
) -> None:
    repository = pushed.partition(":")[0]
    for name, slug in (
        (f"{registry.host}/{repository}:other", "image-not-in-registry"),
        (f"{registry.host}/nobody/made/this:one", "image-not-in-registry"),
        (f"{registry.host}/{repository}@sha256:{'0' * 64}", "image-not-in-registry"),
        ("localhost:1/nobody/listens:here", "registry-unreachable"),
        ("no-such-host.invalid/a/b", "registry-unreachable"),
    ):
        pull = _begin(chinese, name, "镜像开始拉取")
        ended = _end_of(chinese, pull["id"])
        assert (ended["status"], ended["error"]["code"]) == ("failed", slug)
        assert name in ended["error"]["message"]
        assert is_chinese(ended["error"]["message"])


def test_layer_that_is_not_what_it_should_be_is_never_taken(
    admin: httpx.Client, registry: Registry, pushed: str
) -> None:
    name = f"{registry.host}/{pushed}"
    registry.spoil(larger_than=LAYER)
    ended = _end_of(admin, _begin(admin, name)["id"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "image-pull-broke")
    assert name in ended["error"]["message"]
    assert not engine.has_image(name)


def test_what_cannot_be_pulled_is_refused(admin: httpx.Client) -> None:
    for name in ("", "UPPER", "a b", "x" * 600, "a:b:c", "-a", "\x00", "sha256:" + "0" * 64, "0" * 64):
        answer = admin.post(f"{IMAGES}/pull", json={"image": name})
        assert refused_fields(answer).keys() == {"image"}, name
    assert refused_fields(admin.post(f"{IMAGES}/pull", json={})).keys() == {"image"}
    refused = admin.get(f"{IMAGES}/pulls/pull_000000000000")
    assert refusal_of(refused, 404, "RESOURCE_NOT_FOUND", "image-pull-not-found")["details"] == {
        "pull_id": "pull_000000000000",
        "resource_type": "image_pull",
    }


def test_pulls_at_once_are_bounded(admin: httpx.Client, wire: StallingWire) -> None:
    wire.mend(room=0)
    begun = [_begin(admin, f"{wire.host}/stalled:{number}")["id"] for number in range(10)]
    try:
        refused = admin.post(f"{IMAGES}/pull", json={"image": f"{wire.host}/stalled:one-more"})
        refusal_of(refused, 429, "RATE_LIMIT_EXCEEDED", "too-many-image-pulls")
        assert refused.headers["Retry-After"] == "10"
        # Joining one that runs is always possible.
        assert _begin(admin, f"{wire.host}/stalled:0")["id"] == begun[0]
    finally:
        for pull in begun:
            admin.post(f"{IMAGES}/pulls/{pull}/cancel")


def _begin(client: httpx.Client, name: str, message: str = "Pull started") -> dict[str, Any]:
    answer = client.post(f"{IMAGES}/pull", json={"image": name})
    pull: dict[str, Any] = data_of(answer, 202, message=message)
    return pull


def _pull(client: httpx.Client, identifier: str) -> dict[str, Any]:
    pull: dict[str, Any] = data_of(client.get(f"{IMAGES}/pulls/{identifier}"))
    return pull


def _with_progress(client: httpx.Client, identifier: str) -> dict[str, Any] | None:
    pull = _pull(client, identifier)
    assert pull["status"] == "running", pull
    return pull if pull["current"] else None


def _end_of(client: httpx.Client, identifier: str) -> dict[str, Any]:
    until(lambda: _pull(client, identifier)["status"] != "running")
    return _pull(client, identifier)

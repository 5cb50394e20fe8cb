"""Images and networks that change behind our back: told by an event, shown at once, kept over deaths."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from scripts import engine_api
from tests.api.answers import data_of
from tests.api.engine import HOST
from tests.api.things import container, forget, image, owned_by, unique, until
from tests.server import IMAGE, ServerProcess

SECONDS = 30.0


@contextmanager
def events(server: ServerProcess, client: httpx.Client, query: str = "") -> Iterator[ClientConnection]:
    """The socket of all events."""
    headers = {"Authorization": client.headers["Authorization"]}
    with connect(f"ws://127.0.0.1:{server.port}/ws/events{query}", additional_headers=headers) as socket:
        yield socket


def heard(socket: ClientConnection, kind: str, event: str, name: str) -> dict[str, Any]:
    """The next frame of that event of the thing of that name."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        frame: dict[str, Any] = json.loads(socket.recv(timeout=SECONDS))
        told = frame["type"], frame.get("event"), frame.get("details", {}).get("name")
        if told == (f"{kind}_event", event, name):
            return frame
    raise AssertionError(f"no {event} of the {kind} {name}")


def heard_both(socket: ClientConnection, **things: str) -> dict[str, dict[str, Any]]:
    """The frames of their creation, by kind: what was made first may be looked at last."""
    deadline = time.monotonic() + SECONDS
    told: dict[str, dict[str, Any]] = {}
    while len(told) < len(things) and time.monotonic() < deadline:
        frame: dict[str, Any] = json.loads(socket.recv(timeout=SECONDS))
        kind = str(frame["type"]).removesuffix("_event")
        if frame.get("event") == "create" and frame["details"].get("name") == things.get(kind):
            told[kind] = frame
    assert told.keys() == things.keys()
    return told


@contextmanager
def network(labels: dict[str, str]) -> Iterator[str]:
    """A network made past the product."""
    name = unique("network")
    body = {"Name": name, "Driver": "bridge", "Labels": labels}
    engine_api.post_json(HOST, "/networks/create", body)
    try:
        yield name
    finally:
        forget(f"/networks/{name}")


def names(client: httpx.Client, kind: str, name: str) -> list[str]:
    """The names in the list that contain the name."""
    listed = data_of(client.get(f"/api/v1/{kind}", params={"name": name}))[kind]
    return [tag for one in listed for tag in (one["tags"] if kind == "images" else [one["name"]])]


def test_a_network_made_behind_our_back_is_shown_and_told(
    shared_server: ServerProcess, admin: httpx.Client, people: dict[str, httpx.Client]
) -> None:
    owner, stranger = people["owner"], people["stranger"]
    with events(shared_server, owner) as socket, events(shared_server, stranger) as strangers:
        with network(owned_by(owner)) as name:
            frame = heard(socket, "network", "create", name)
            assert set(frame) == {"type", "seq", "event", "network_id", "timestamp", "details"}
            assert names(owner, "networks", name) == [name]
            with container(labels=owned_by(owner), start=True, NetworkMode=name) as member:
                joined = heard(socket, "network", "connect", name)
                assert joined["details"]["container_id"].startswith("container_")
                until(lambda: _members(owner, name) == [member])
            heard(socket, "network", "disconnect", name)
        heard(socket, "network", "destroy", name)
        until(lambda: owner.get(f"/api/v1/networks/{name}").status_code == 404)
        assert names(owner, "networks", name) == []
        # Of a network that is somebody else's, nobody is told.
        with network(owned_by(stranger)) as own:
            before: list[str | None] = []
            while not before or before[-1] != own:
                before.append(json.loads(strangers.recv(timeout=SECONDS)).get("details", {}).get("name"))
            assert name not in before


def _members(client: httpx.Client, name: str) -> list[str]:
    containers = data_of(client.get(f"/api/v1/networks/{name}"))["containers"]
    return [one["name"] for one in containers if one["ip_address"]]


def test_an_image_made_behind_our_back_is_shown_and_told(
    shared_server: ServerProcess, admin: httpx.Client
) -> None:
    with events(shared_server, admin) as socket:
        with image() as name:
            repository = name.partition(":")[0]
            until(lambda: names(admin, "images", repository) == [name])
            detail = data_of(admin.get(f"/api/v1/images/{name}"))
            # A tag that moves is told of the image that gets it; the one that had it is shown without.
            engine_api_tag(IMAGE, repository, "one")
            while (told := heard(socket, "image", "tag", name))["image_id"] == detail["id"]:
                pass  # That was its first name.
            until(lambda: data_of(admin.get(f"/api/v1/images/{name}"))["id"] == told["image_id"])
            assert data_of(admin.get(f"/api/v1/images/{detail['id']}"))["tags"] == []
            forget(f"/images/{detail['id']}")
        until(lambda: names(admin, "images", repository) == [])
        assert admin.get(f"/api/v1/images/{detail['id']}").status_code == 404


def engine_api_tag(reference: str, repository: str, tag: str) -> None:
    """Tag an image past the product."""
    with engine_api.exchange(HOST, "POST", f"/images/{reference}/tag?repo={repository}&tag={tag}"):
        pass


def test_events_of_all_kinds_are_numbered_together(
    shared_server: ServerProcess, people: dict[str, httpx.Client]
) -> None:
    owner = people["owner"]
    with events(shared_server, owner) as socket:
        begun = int(socket.response.headers["X-Event-Seq"])  # type: ignore[union-attr]  # it has connected
        with network(owned_by(owner)) as name, container(labels=owned_by(owner)) as made:
            told = heard_both(socket, network=name, container=made)
    first, second = told["network"], told["container"]
    assert begun < min(first["seq"], second["seq"])
    assert first["seq"] != second["seq"]
    # Who comes back is told again all that came after where the first socket began.
    with events(shared_server, owner, f"?since={begun}") as socket:
        assert heard_both(socket, network=name, container=made) == told
    # On the socket of the containers, there is nothing of the network.
    query, headers = f"?since={begun}", {"Authorization": owner.headers["Authorization"]}
    url = f"ws://127.0.0.1:{shared_server.port}/ws/containers/events{query}"
    with connect(url, additional_headers=headers) as socket:
        kinds: set[str] = set()
        while (frame := json.loads(socket.recv(timeout=SECONDS)))["seq"] < second["seq"]:
            kinds.add(frame["type"])
    assert frame == second
    assert kinds <= {"container_event", "gap"}

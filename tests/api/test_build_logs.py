"""A build's log: by request, as a stream, over a socket, resumed without loss or repeat."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.api.answers import MOMENT, data_of, refused_fields
from tests.server import IMAGE, ServerProcess, build, finished, reached

BUILDS = "/api/v1/builds"
COUNT = 300
#: Long enough to be followed while it prints, short enough to wait for.
COUNTING = (
    f"FROM {IMAGE}\n"
    f"RUN i=0; while [ $i -lt {COUNT} ]; do i=$((i+1)); echo line $i;"
    " if [ $((i % 60)) = 0 ]; then sleep 0.2; fi; done\n"
)


@pytest.fixture(scope="module")
def counted(shared_server: ServerProcess) -> Iterator[str]:
    """A finished build that printed numbered lines."""
    with shared_server.signed_in() as client:
        identifier = build(client, COUNTING, name="counted", cache_enabled=False)
        assert finished(client, identifier)["status"] == "success"
        yield identifier


def test_lines_read_as_documented(admin: httpx.Client, counted: str) -> None:
    lines = _lines(admin, counted, since_seq=0)
    assert lines[0] == f"Step 1/2 : FROM {IMAGE}"
    # Steps overlap: the first may be told to be done when the second has begun.
    assert any(line.startswith((" ---> Using cache", " ---> Done in ")) for line in lines[1:3])
    assert any(line.startswith("Step 2/2 : RUN i=0;") for line in lines[1:3])
    assert lines[3 : 3 + COUNT] == [f"line {n}" for n in range(1, COUNT + 1)]
    assert lines[3 + COUNT].startswith(" ---> Done in ")
    assert lines[-2].startswith("Successfully built ")
    assert lines[-1] == "Successfully tagged counted:latest"


def test_tail_and_since_cut_the_same_numbered_lines(admin: httpx.Client, counted: str) -> None:
    everything = _lines(admin, counted, since_seq=0)
    assert _lines(admin, counted) == everything[-100:]
    assert _lines(admin, counted, tail=3) == everything[-3:]
    assert _lines(admin, counted, tail=0) == []
    assert _lines(admin, counted, tail=10_000) == everything
    assert _lines(admin, counted, since_seq=len(everything) - 2) == everything[-2:]
    assert _lines(admin, counted, since_seq=len(everything)) == []
    for params in ({}, {"tail": 7}, {"since_seq": 5}):
        page = data_of(admin.get(f"{BUILDS}/{counted}/logs", params=params))
        assert page["next_seq"] == len(everything)


@pytest.mark.parametrize("query", ["tail=-1", "tail=10001", "tail=x", "since_seq=-1", "follow=perhaps"])
def test_senseless_queries_are_refused(admin: httpx.Client, counted: str, query: str) -> None:
    assert list(refused_fields(admin.get(f"{BUILDS}/{counted}/logs?{query}"))) == [query.partition("=")[0]]


def test_draft_has_an_empty_log(admin: httpx.Client) -> None:
    draft = build(admin, COUNTING, execute=False)
    assert data_of(admin.get(f"{BUILDS}/{draft}/logs")) == {"logs": [], "next_seq": 0}


def test_frames_carry_the_steps_fields(admin: httpx.Client) -> None:
    dockerfile = f"FROM {IMAGE} AS first\nRUN echo one\nFROM {IMAGE}\nCOPY --from=first /bin/sh /sh\n"
    identifier = build(admin, dockerfile, name="fields", cache_enabled=False)
    finished(admin, identifier)
    *frames, end = _stream(admin, identifier)
    assert end == {"seq": len(frames), "type": "end", "status": "success"}
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    for frame in frames:
        assert frame["type"] == "log"
        assert MOMENT.fullmatch(frame["timestamp"])
        assert frame["kind"] in ("step", "output", "status")
    (output,) = [frame for frame in frames if frame["kind"] == "output"]
    assert (output["data"], output["stage"], output["step"], output["steps"]) == ("one", "first", 2, 2)
    done = [frame for frame in frames if frame["data"].startswith(" ---> Done")]
    assert all(frame["cached"] is False and frame["duration"] >= 0 for frame in done)
    assert {(frame["stage"], frame["step"]) for frame in done} >= {("first", 2), ("stage-1", 2)}
    status = [frame for frame in frames if frame["kind"] == "status"]
    assert status
    assert all("step" not in frame for frame in status)


def test_stream_follows_to_the_end_and_resumes_without_loss_or_repeat(admin: httpx.Client) -> None:
    identifier = build(admin, COUNTING, name="followed", cache_enabled=False)
    frames: list[dict[str, Any]] = []
    # Leave after every hundredth line, as a client on a bad network does.
    while not frames or frames[-1]["type"] != "end":
        since = frames[-1]["seq"] if frames else 0
        for frame in _stream(admin, identifier, since_seq=since):
            frames.append(frame)
            if len(frames) % 100 == 0:
                break
    *lines, end = frames
    assert [frame["seq"] for frame in lines] == list(range(1, len(lines) + 1))
    assert [frame["data"] for frame in lines] == _lines(admin, identifier, since_seq=0)
    assert end == {"seq": len(lines), "type": "end", "status": "success"}


def test_stream_starts_with_the_tail(admin: httpx.Client, counted: str) -> None:
    everything = _lines(admin, counted, since_seq=0)
    *lines, _end = _stream(admin, counted, tail=2)
    assert [frame["data"] for frame in lines] == everything[-2:]


def test_socket_speaks_the_frames_and_resumes(shared_server: ServerProcess, admin: httpx.Client) -> None:
    identifier = build(admin, COUNTING, name="socket", cache_enabled=False)
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["type"] != "end":
        since = frames[-1]["seq"] if frames else 0
        with _socket(shared_server, identifier, admin, since=since) as socket:
            for message in socket:
                frames.append(json.loads(message))
                if len(frames) % 100 == 0:
                    break
    *lines, end = frames
    assert [frame["data"] for frame in lines] == _lines(admin, identifier, since_seq=0)
    assert [frame["seq"] for frame in lines] == list(range(1, len(lines) + 1))
    assert {"type", "timestamp", "data"} <= set(lines[0])
    assert end == {"seq": len(lines), "type": "end", "status": "success"}


def test_batched_frames_hold_the_same_lines(
    shared_server: ServerProcess, admin: httpx.Client, counted: str
) -> None:
    with _socket(shared_server, counted, admin, since=10, batch="true") as socket:
        *batches, end = [json.loads(message) for message in socket]
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    assert {batch["type"] for batch in batches} == {"logs"}
    lines = [line for batch in batches for line in batch["lines"]]
    assert [line["data"] for line in lines] == _lines(admin, counted, since_seq=10)
    assert lines[0]["seq"] == 11
    assert end["type"] == "end"


def test_socket_tells_how_a_cancelled_build_ended(shared_server: ServerProcess, admin: httpx.Client) -> None:
    identifier = build(admin, f"FROM {IMAGE}\nRUN sleep 60\n", name="cut", cache_enabled=False)
    reached(admin, identifier, {"running"})
    with _socket(shared_server, identifier, admin) as socket:
        admin.post(f"{BUILDS}/{identifier}/cancel")
        frames = [json.loads(message) for message in socket]
    assert frames[-1]["status"] == "cancelled"
    assert frames[-2]["data"] == "Build cancelled"


def test_ticket_opens_one_socket_as_its_owner(
    shared_server: ServerProcess, admin: httpx.Client, people: dict[str, httpx.Client], counted: str
) -> None:
    def refused(ticket: str) -> tuple[int, dict[str, Any]]:
        with (
            pytest.raises(InvalidStatus) as error,
            _socket(shared_server, counted, None, ticket=ticket),
        ):
            pass
        return error.value.response.status_code, json.loads(error.value.response.body)

    ticket = data_of(admin.post("/api/v1/auth/ws-ticket"))["ticket"]
    with _socket(shared_server, counted, None, ticket=ticket) as socket:
        assert json.loads(socket.recv())["seq"] == 1
    status, body = refused(ticket)
    assert (status, body["error"]["code"]) == (401, "UNAUTHORIZED")
    assert refused("made-up")[0] == 401
    # The ticket is as good as its owner, and somebody else's build is none of theirs.
    foreign = data_of(people["stranger"].post("/api/v1/auth/ws-ticket"))["ticket"]
    status, body = refused(foreign)
    assert (status, body["error"]["code"]) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"token": None}, 401, "token-missing"),
        ({"token": "forged"}, 401, "token-invalid"),
        ({"build": "build_000000000000"}, 404, "build-not-found"),
        ({"build": "%00"}, 404, "build-not-found"),
        ({"origin": "https://evil.example"}, 403, "origin-refused"),
        ({"origin": "null"}, 403, "origin-refused"),
        ({"origin": "http://[::1"}, 403, "origin-refused"),
        ({"since": "-1"}, 400, "invalid-request"),
        ({"since": "x"}, 400, "invalid-request"),
    ],
)
def test_socket_is_refused_before_it_opens(
    shared_server: ServerProcess,
    admin: httpx.Client,
    counted: str,
    change: dict[str, Any],
    status: int,
    slug: str,
) -> None:
    authorization = admin.headers["Authorization"]
    if "token" in change:
        authorization = f"Bearer {change['token']}" if change["token"] else ""
    headers = {"Authorization": authorization, "X-Request-ID": "socket-1"} if authorization else {}
    if origin := change.get("origin"):
        headers["Origin"] = origin
    url = _url(shared_server, change.get("build", counted), {"since": change.get("since", "0")})
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers, compression=None):
        pass
    response = refused.value.response
    assert response.status_code == status
    assert response.headers["X-Error-Code"] == slug
    assert response.headers["X-Request-ID"]
    body = json.loads(response.body)
    assert body["success"] is False
    assert body["error"]["message"]


def test_socket_opens_from_the_servers_own_origin(
    shared_server: ServerProcess, admin: httpx.Client, counted: str
) -> None:
    headers = {"Authorization": admin.headers["Authorization"], "Origin": shared_server.url}
    with connect(_url(shared_server, counted, {}), additional_headers=headers, max_queue=None) as socket:
        assert json.loads(socket.recv())["type"] == "log"


def _lines(client: httpx.Client, identifier: str, **params: int) -> list[str]:
    return list(data_of(client.get(f"{BUILDS}/{identifier}/logs", params=params))["logs"])


def _stream(client: httpx.Client, identifier: str, **params: int) -> Iterator[dict[str, Any]]:
    wanted = {"since_seq": 0, **params} if "tail" not in params else params
    with client.stream("GET", f"{BUILDS}/{identifier}/logs", params={"follow": "true", **wanted}) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        for line in answer.iter_lines():
            yield json.loads(line)


def _url(server: ServerProcess, identifier: str, params: dict[str, Any]) -> str:
    query = httpx.QueryParams(params)
    return f"ws://127.0.0.1:{server.port}/ws/builds/{identifier}/logs?{query}"


@contextmanager
def _socket(
    server: ServerProcess, identifier: str, client: httpx.Client | None, **params: Any
) -> Iterator[ClientConnection]:
    headers = {"Authorization": client.headers["Authorization"]} if client else None
    url = _url(server, identifier, params)
    # An unbounded queue: a client that is full does not see the answer to its own closing.
    with connect(url, additional_headers=headers, open_timeout=30, max_queue=None) as socket:
        yield socket

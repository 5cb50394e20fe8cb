"""The view, the logs and the events of containers while the engine changes, dies and comes back."""

import json
import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from http.client import HTTPException
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.sync.client import connect

from scripts import engine_api
from tests.faults.conftest import SOAK, NewServer
from tests.faults.engines import OwnEngine
from tests.faults.waiting import wait_until
from tests.server import IMAGE

CONTAINERS = "/api/v1/containers"
CHURNED = 1000 if SOAK else 60
#: How often the engine is killed while its containers change.
DEATHS = 4 if SOAK else 1
#: How often a container starts and writes its share of the numbered lines.
PARTS = 8 if SOAK else 4
AWAY_SECONDS = 120.0
STATES = {"exited": "stopped"}
#: What an event of the engine makes of a container; a comparison tells the state itself.
BECOMES = {"create": "created", "start": "running", "die": "stopped", "pause": "paused", "unpause": "running"}


class Raw:
    """The engine, past the product."""

    def __init__(self, host: str) -> None:
        self.host = host

    def call(self, method: str, path: str, body: bytes | None = None) -> None:
        """Ask for something until an engine answers; what the container's state forbids is let pass."""
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                with engine_api.exchange(self.host, method, path, body, content_type="application/json"):
                    return
            except engine_api.EngineError as error:
                if error.status not in (304, 404, 409, 500):
                    raise
                return
            except (OSError, HTTPException):
                assert time.monotonic() < deadline, "the engine does not come back"
                time.sleep(0.1)

    def create(self, name: str, command: list[str], **host: Any) -> None:
        """Create a container, unless there is one of that name."""
        body = {"Image": IMAGE, "Cmd": command, "HostConfig": host}
        self.call("POST", f"/containers/create?name={name}", json.dumps(body).encode())

    def states(self, prefix: str = "") -> dict[str, str]:
        """The state of each container by name."""
        with engine_api.exchange(self.host, "GET", "/containers/json?all=true") as answer:
            listed = json.loads(answer.response.read())
        states = {one["Names"][0][1:]: STATES.get(one["State"], one["State"]) for one in listed}
        return {name: state for name, state in states.items() if name.startswith(prefix)}


def shown(client: httpx.Client) -> dict[str, str] | None:
    """The state of each container by name, as the product shows it; None while the engine is away."""
    found: dict[str, str] = {}
    while True:
        answer = client.get(CONTAINERS, params={"limit": 200, "offset": len(found)})
        if answer.status_code != 200:
            assert answer.json()["error"]["code"] == "DOCKER_ERROR"
            return None
        page = answer.json()["data"]
        found |= {one["name"]: one["status"] for one in page["containers"]}
        if len(found) >= page["total"] or not page["containers"]:
            return found


def agree(client: httpx.Client, raw: Raw) -> None:
    """Wait until the view is the engine's."""
    deadline = time.monotonic() + 30
    while (seen := shown(client)) != (real := raw.states()):
        assert time.monotonic() < deadline, {
            "only shown": set((seen or {}).items()) - set(real.items()),
            "only real": set(real.items()) - set((seen or {}).items()),
        }
        time.sleep(0.1)


def churn(raw: Raw, chance: random.Random, rounds: int, prefix: str, begun: list[str]) -> None:
    """Create, use and remove containers at random."""
    names: list[str] = []
    for number in range(rounds):
        name = f"{prefix}-{number}"
        begun.append(name)
        raw.create(name, chance.choice([["true"], ["sleep", "600"], ["sleep", "0.2"]]), Init=True)
        names.append(name)
        for one in chance.choices(names, k=2):
            if one not in names:
                continue
            match chance.randrange(6):
                case 0 | 1 | 2:
                    raw.call("POST", f"/containers/{one}/start")
                case 3:
                    raw.call("POST", f"/containers/{one}/kill")
                case 4:
                    raw.call("POST", f"/containers/{one}/pause")
                case _:
                    raw.call("DELETE", f"/containers/{one}?force=true")
                    names.remove(one)
    for name in chance.sample(names, len(names) // 2):
        raw.call("DELETE", f"/containers/{name}?force=true")


def clear(raw: Raw, prefix: str) -> None:
    """Remove what a test has made."""
    for name in raw.states():
        if name.startswith(prefix):
            raw.call("DELETE", f"/containers/{name}?force=true&v=true")


@pytest.fixture
def prefix(mortal_engine: OwnEngine) -> Iterator[str]:
    """The beginning of the names of a test's containers."""
    name = f"churn-{uuid4().hex[:8]}"
    yield name
    clear(Raw(mortal_engine.host), name)


@pytest.fixture
def client(any_database: None, mortal_engine: OwnEngine, new_server: NewServer) -> Iterator[httpx.Client]:
    """A client of a server on the engine that may die."""
    with new_server(EULERMAKER_DOCKER_HOST=mortal_engine.host).signed_in() as signed_in:
        yield signed_in


def _reached(begun: Sequence[str], due: int) -> bool:
    return len(begun) >= due


def told_states(client: httpx.Client) -> dict[str, str]:
    """The state of each container by name, as somebody knows it who heard all events and asked nothing."""
    base = str(client.base_url).replace("http", "ws", 1).rstrip("/")
    headers = {"Authorization": client.headers["Authorization"]}
    states: dict[str, tuple[str, str]] = {}
    with connect(f"{base}/ws/containers/events?since=0", additional_headers=headers) as events:
        while True:
            try:
                frame = json.loads(events.recv(timeout=2))
            except TimeoutError:
                return dict(states.values())
            if frame["type"] == "container_event":
                _hear(states, frame)


def _hear(states: dict[str, tuple[str, str]], frame: dict[str, Any]) -> None:
    if frame["event"] == "destroy":
        states.pop(frame["container_id"], None)
        return
    state = frame["event"] if frame["event"] in BECOMES.values() else BECOMES.get(frame["event"])
    if state is not None:
        states[frame["container_id"]] = (frame["details"]["name"], state)


def test_the_view_ends_as_the_engine_is(client: httpx.Client, mortal_engine: OwnEngine, prefix: str) -> None:
    """Thousands of changes behind our back, and the engine killed among them."""
    raw = Raw(mortal_engine.host)
    seed = int(os.environ.get("EULERMAKER_SEED", "20261120"))
    begun: list[str] = []
    workers = [
        threading.Thread(
            target=churn, args=(raw, random.Random(seed + n), CHURNED // 3, f"{prefix}-{n}", begun)
        )
        for n in range(3)
    ]
    for worker in workers:
        worker.start()
    for death in range(1, DEATHS + 1):
        wait_until(partial(_reached, begun, CHURNED * death // (DEATHS + 1)), "changes", seconds=600)
        mortal_engine.kill()
        mortal_engine.start()
    for worker in workers:
        worker.join()
    agree(client, raw)
    # What was told adds up to what is: no final state was missed.
    deadline = time.monotonic() + 30
    while (told := told_states(client)) != (real := raw.states(prefix)):
        assert time.monotonic() < deadline, set(told.items()) ^ set(real.items())


def test_the_engines_death_is_told_at_once_and_its_return_needs_no_restart(
    client: httpx.Client, mortal_engine: OwnEngine, prefix: str
) -> None:
    raw = Raw(mortal_engine.host)
    lasting, brief, gone = (f"{prefix}-{noun}" for noun in ("lasting", "brief", "gone"))
    counting = [
        "sh",
        "-c",
        "n=$(cat /n 2>/dev/null || echo 0); while :; do n=$((n+1)); echo $n >/n; echo $n; sleep 0.02; done",
    ]
    raw.create(lasting, counting, RestartPolicy={"Name": "always"}, Init=True)
    raw.create(brief, ["sleep", "600"], Init=True)
    for name in (lasting, brief):
        raw.call("POST", f"/containers/{name}/start")
    agree(client, raw)
    lines: list[dict[str, Any]] = []

    def follow() -> None:
        url = f"{CONTAINERS}/{lasting}/logs"
        with client.stream("GET", url, params={"follow": True, "tail": 10_000}, timeout=120) as answer:
            lines.extend(json.loads(line) for line in answer.iter_lines())

    follower = threading.Thread(target=follow)
    follower.start()
    base = str(client.base_url).replace("http", "ws", 1).rstrip("/")
    headers = {"Authorization": client.headers["Authorization"]}
    with connect(f"{base}/ws/containers/events", additional_headers=headers) as events:
        mortal_engine.kill()
        deadline = time.monotonic() + 10
        while (answer := client.get(CONTAINERS)).status_code == 200:
            assert time.monotonic() < deadline
        assert answer.json()["error"]["code"] == "DOCKER_ERROR"
        assert answer.headers["X-Error-Code"] == "engine-unavailable"
        for path in (f"/{lasting}", f"/{lasting}/logs", f"/{lasting}/stats"):
            refused = client.get(f"{CONTAINERS}{path}")
            assert (refused.status_code, refused.headers["Retry-After"]) == (500, "2")
        mortal_engine.start()
        raw = Raw(mortal_engine.host)
        agree(client, raw)
        told: list[dict[str, Any]] = []
        while not any(frame["type"] == "gap" for frame in told):
            told.append(json.loads(events.recv(timeout=30)))
    raw.create(gone, ["true"])
    agree(client, raw)
    before = len(lines)
    deadline = time.monotonic() + 30
    while len(lines) < before + 50:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    raw.call("POST", f"/containers/{lasting}/kill")
    with engine_api.exchange(
        mortal_engine.host, "GET", f"/containers/{lasting}/logs?stdout=true&tail=all"
    ) as raw_log:
        data = raw_log.response.read()
    raw.call("DELETE", f"/containers/{lasting}?force=true")
    follower.join(60)
    assert not follower.is_alive()
    assert lines[-1] == {"type": "end", "status": "removed"}
    written: list[int] = []
    while data:
        length = int.from_bytes(data[4:8])
        written.append(int(data[8 : 8 + length]))
        data = data[8 + length :]
    followed = [int(frame["data"]) for frame in lines if frame["type"] == "log"]
    assert followed[: len(written)] == written
    assert not [frame for frame in lines if frame["type"] in ("gap", "error")]


def test_numbered_lines_through_restarts_and_rotation(
    client: httpx.Client, mortal_engine: OwnEngine, prefix: str
) -> None:
    """Every line once and in order; where rotation outran the reader, a gap says so before the next one."""
    raw = Raw(mortal_engine.host)
    total, name = (1_000_000 if SOAK else 60_000), f"{prefix}-lines"
    part = total // PARTS
    script = (
        "n=$(cat /n 2>/dev/null || echo 0); echo $((n+1)) >/n; "
        f"seq $((n*{part}+1)) $(((n+1)*{part})); sleep 600"
    )
    rotation = {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "3"}}
    raw.create(
        name, ["sh", "-c", script], LogConfig=rotation, RestartPolicy={"Name": "unless-stopped"}, Init=True
    )
    agree(client, raw)
    frames: list[dict[str, Any]] = []

    def follow() -> None:
        url = f"{CONTAINERS}/{name}/logs"
        with client.stream("GET", url, params={"follow": True, "tail": 10_000}, timeout=300) as answer:
            frames.extend(json.loads(line) for line in answer.iter_lines())

    follower = threading.Thread(target=follow)
    follower.start()
    raw.call("POST", f"/containers/{name}/start")
    for done in range(1, PARTS + 1):
        deadline = time.monotonic() + (240 if SOAK else 60)
        while not any(frame.get("data") == str(done * part) for frame in reversed(frames[-500:])):
            assert time.monotonic() < deadline, frames[-3:]
            time.sleep(0.1)
        if done == PARTS // 2:
            # The policy has the engine start the container again when it is back itself.
            mortal_engine.terminate()
            mortal_engine.start()
        elif done < PARTS:
            raw.call("POST", f"/containers/{name}/kill")
            raw.call("POST", f"/containers/{name}/start")
    raw.call("DELETE", f"/containers/{name}?force=true")
    follower.join(60)
    assert not follower.is_alive()
    assert every_line_or_a_gap(frames) == total


def every_line_or_a_gap(frames: Sequence[dict[str, Any]]) -> int:
    """The last number, after each was found to follow the one before it, or a gap that says it does not."""
    last, gap = 0, False
    for frame in frames:
        if frame["type"] == "log":
            assert int(frame["data"]) > last, "doubled or out of order"
            assert int(frame["data"]) == last + 1 or gap, f"lost without a word: {last} to {frame['data']}"
            last = int(frame["data"])
        gap = frame["type"] == "gap"
    assert frames[-1] == {"type": "end", "status": "removed"}
    return last

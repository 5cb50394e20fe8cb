"""Probes while servers die: no change is lost or doubled, others take over, nothing is checked twice."""

import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.conftest import SOAK, NewServer
from tests.server import ServerProcess, fresh_postgres

PROBES = "/api/v1/probes"
SECONDS = 60.0
TAKEN_OVER_SECONDS = 10.0
SECRET = "one-secret-for-all-of-the-servers-that-share-it"


class Targets:
    """Many paths on one server: each well or not, each remembering when it was asked."""

    def __init__(self) -> None:
        self.ill: set[str] = set()
        self.asked: dict[str, list[float]] = defaultdict(list)
        targets = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                targets.asked[self.path].append(time.monotonic())
                self.send_response(503 if self.path in targets.ill else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "Targets":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def targets() -> Iterator[Targets]:
    """Healthy targets."""
    with Targets() as running:
        yield running


def add(client: httpx.Client, targets: Targets, count: int, *, interval: float) -> dict[str, str]:
    """Add probes, one for each path; tells their ids by path."""
    added = {}
    for number in range(count):
        path = f"/{number}"
        config = {"url": targets.url + path, "interval": interval, "failure_threshold": 1}
        body = {"probe_type": "http", "name": f"watch-{number}", "config": config}
        answer = client.post(PROBES, json=body)
        assert answer.status_code == 201, answer.text
        added[path] = answer.json()["data"]["id"]
    return added


def everything(client: httpx.Client, probe: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All results and all changes of a probe, oldest first."""
    results = asked(client, f"{PROBES}/{probe}/results", limit=1000)["results"]
    return results[::-1], asked(client, f"{PROBES}/{probe}")["changes"][::-1]


def asked(client: httpx.Client, path: str, **query: Any) -> dict[str, Any]:
    """The data that a path answers with."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def until(condition: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Wait; tells how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, what
        time.sleep(0.05)
    return time.monotonic() - began


def test_no_change_is_lost_or_doubled_when_the_server_is_killed(
    new_server: NewServer, targets: Targets
) -> None:
    """With thresholds of one, the changes are exactly where two results in a row differ."""
    draw = random.Random(20)
    # A busy machine is no part of this, nor that people are spared what flaps.
    server = new_server(EULERMAKER_OVERLOAD__ENABLED="false", EULERMAKER_ALERTS__FLAP_START="100")
    with server.signed_in() as client:
        probes = add(client, targets, 40 if SOAK else 12, interval=1)
        token = client.headers["Authorization"]
    for _ in range(60 if SOAK else 4):
        until_killed = time.monotonic() + draw.uniform(1.5, 3.5)
        while time.monotonic() < until_killed:
            path = draw.choice(list(probes))
            (targets.ill.discard if path in targets.ill else targets.ill.add)(path)
            time.sleep(0.1)
        server.kill()
        server.start()
    with httpx.Client(base_url=server.url, headers={"Authorization": token}, timeout=60) as client:
        for path, probe in probes.items():
            wanted = "failure" if path in targets.ill else "success"
            until(
                lambda probe=probe, wanted=wanted: (  # type: ignore[misc]  # bound at once
                    asked(client, f"{PROBES}/{probe}")["state"] == wanted
                ),
                seconds=SECONDS,
                what=f"{probe} is not {wanted} again",
            )
            client.post(f"{PROBES}/{probe}/pause")
        alerts = asked(client, "/api/v1/notifications/alerts", limit=200)["alerts"]
        for path, probe in probes.items():
            results, changes = everything(client, probe)
            states = ["unknown", *(one["status"] for one in results)]
            flips = [
                (before, one["status"], one["timestamp"])
                for before, one in zip(states, results, strict=False)
                if before != one["status"]
            ]
            assert changes[-1]["details"] == {"error": "paused"}
            told = [(change["before"], change["after"], change["at"]) for change in changes[:-1]]
            # Only the last ones are shown.
            assert told == flips[-len(told) :]
            assert len(told) in (len(flips), 19)
            firing = [one for one in alerts if one["probe_id"] == probe and one["status"] == "firing"]
            assert len(firing) == (path in targets.ill), "one alert where there is something to tell"


@pytest.fixture
def pair(database_kind: str, tmp_path: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Two servers that share a database."""
    if database_kind != "postgresql":
        pytest.skip("SQLite has one process")  # the run with --database postgresql has it
    with ExitStack() as stack:
        url = stack.enter_context(fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]))
        settings = {"EULERMAKER_DATABASE_URL": url, "EULERMAKER_SECRET_KEY": SECRET}
        settings["EULERMAKER_OVERLOAD__ENABLED"] = "false"
        first, second = (
            stack.enter_context(ServerProcess(tmp_path / name, settings).running()) for name in ("a", "b")
        )
        yield first, second


def _shown(server: ServerProcess) -> float:
    told = httpx.get(f"{server.url}/metrics", timeout=30).text.splitlines()
    return sum(float(line.split()[1]) for line in told if line.startswith("eulermaker_probes{"))


def test_servers_share_the_probes_and_one_takes_over(
    pair: tuple[ServerProcess, ServerProcess], targets: Targets
) -> None:
    first, second = pair
    interval, count = 2.0, 64
    with first.signed_in() as client:
        probes = add(client, targets, count, interval=interval)
        until(
            lambda: _shown(first) + _shown(second) == count and min(_shown(first), _shown(second)) > 0,
            seconds=SECONDS,
            what="the servers do not share",
        )
        assert {_shown(first), _shown(second)} == {count / 2}
        # One that the other server checks is checked at once as well, and what it finds is told here.
        for path in list(probes)[:4]:
            answer = client.post(f"{PROBES}/{probes[path]}/check").json()["data"]
            assert (answer["status"], answer["recorded"]) == ("success", True)
        settled = time.monotonic() + interval
        time.sleep(4 * interval)
        end = time.monotonic()
        for path in probes:
            asked = [at for at in targets.asked[path] if settled <= at < end]
            gaps = [b - a for a, b in pairwise(asked)]
            assert len(asked) >= 2
            assert min(gaps) > interval / 2, f"{path} was checked twice"
        second.kill()
        killed = time.monotonic()
        until(
            lambda: all(targets.asked[path][-1] > killed for path in probes),
            seconds=TAKEN_OVER_SECONDS + interval + 5,
            what="nobody has taken over",
        )
        # What a probe waits for its own turn is no part of the taking over.
        late = max(min(at for at in targets.asked[path] if at > killed) - killed for path in probes)
        assert late <= TAKEN_OVER_SECONDS + interval
        assert _shown(first) == count

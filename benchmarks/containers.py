"""`GET /api/v1/containers` beside the engine's own list, and with thousands of containers in the view."""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tests.faults.engines import own_engine
from tests.server import IMAGE, ServerProcess

from benchmarks.claiming_engine import claiming_engine
from benchmarks.engines import ask
from benchmarks.figures import AtLeast, AtMost, Baseline, Figure
from benchmarks.load_client import Got

CONTAINERS = 20
MANY = 5_000
CONNECTIONS = 16
CHANGES_PER_SECOND = 5
TIMES_FASTER = 5
P99_MS = 10
PAGE_KB = 30
FILL_SECONDS = 60.0
LIST = "/api/v1/containers?limit=20"
ENGINES_LIST = "/v1.41/containers/json?all=true"


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Rates and p99 of both lists by turns; then pages among many, at rest and while some change."""
    seconds = 3.0 if quick else 8.0
    return [*_beside_the_engine(work, seconds), *_among_many(work, seconds)]


def _beside_the_engine(work: Path, seconds: float) -> list[Figure]:
    """An engine of our own, so that nobody else's containers are listed."""
    with own_engine(work / "e") as engine:
        for number in range(CONTAINERS):
            _run(engine.host, f"listed-{number}")
        server = ServerProcess(work / "few", {"EULERMAKER_DOCKER_HOST": engine.host})
        with server.running(), server.signed_in() as client:
            _wait_for(client, CONTAINERS)
            ours: list[Got] = []
            theirs: list[Got] = []
            for _ in range(2):
                theirs.append(_load(work, _socket(engine.host), [_request(ENGINES_LIST)], seconds / 2))
                ours.append(_load(work, str(server.port), [_authorized(client, LIST)], seconds / 2))
    rate, raw = _mean([got.rate for got in ours]), _mean([got.rate for got in theirs])
    p99, raw_p99 = max(got.p99 for got in ours), max(got.p99 for got in theirs)
    return [
        Figure(
            f"list of {CONTAINERS} containers, times the engine's rate",
            rate / raw,
            "x",
            AtLeast(TIMES_FASTER),
            Baseline(raw, "the engine's list", "req/s"),
        ),
        Figure("  rate", rate, "req/s"),
        Figure(
            f"  p99 at {CONNECTIONS} connections",
            p99,
            "ms",
            AtMost(P99_MS),
            Baseline(raw_p99, "the engine's list"),
        ),
    ]


def _among_many(work: Path, seconds: float) -> list[Figure]:
    """The real server follows an engine that claims to have so many; nothing else about it is different."""
    figures: list[Figure] = []
    with claiming_engine(work / "c.sock", MANY) as host, _serving(work / "many", host) as (server, client):
        page = client.get(LIST).content
        figures.append(
            Figure(f"a page of 20 of {MANY:,} containers, gzipped", _kb(page), "KB", AtMost(PAGE_KB))
        )
        same = _load(work, str(server.port), [_authorized(client, LIST)], seconds)
        pages = _load(work, str(server.port), _pages(client), seconds)
        named = _load(work, str(server.port), _searches(client), seconds)
    changing = f"{CHANGES_PER_SECOND} containers change a second"
    with (
        claiming_engine(work / "c.sock", MANY, changes=CHANGES_PER_SECOND) as host,
        _serving(work / "many", host) as (server, client),
    ):
        same_changing = _load(work, str(server.port), [_authorized(client, LIST)], seconds)
        pages_changing = _load(work, str(server.port), _pages(client), seconds)
    loads = {
        "  p99 of the first page": same,
        "  p99 of all pages in turn": pages,
        f"  p99 of the first page, {changing}": same_changing,
        f"  p99 of all pages in turn, {changing}": pages_changing,
    }
    for name, got in loads.items():
        figures.append(Figure(name, got.p99, "ms", AtMost(P99_MS), Baseline(got.rate, "its rate", "req/s")))
    beside = Baseline(named.rate, "its rate", "req/s")
    return [*figures, Figure("  p99 of searches by name, no two alike", named.p99, "ms", None, beside)]


@contextmanager
def _serving(data: Path, host: str) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    """A server that knows all about the containers of the claiming engine."""
    server = ServerProcess(data, {"EULERMAKER_DOCKER_HOST": host})
    with server.running(), server.signed_in() as client:
        _wait_for(client, MANY)
        deadline = time.monotonic() + FILL_SECONDS
        while ask(host, "GET", "/described") < MANY:
            assert time.monotonic() < deadline, "the view does not fill"
            time.sleep(0.2)
        yield server, client


def _wait_for(client: httpx.Client, count: int) -> None:
    deadline = time.monotonic() + FILL_SECONDS
    while True:
        answer = client.get(LIST)
        if answer.status_code == 200 and answer.json()["data"]["total"] == count:
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def _pages(client: httpx.Client) -> list[bytes]:
    return [_authorized(client, f"{LIST}&offset={offset}") for offset in range(0, MANY, 20)]


def _searches(client: httpx.Client) -> list[bytes]:
    return [_authorized(client, f"{LIST}&name=service-{number}") for number in range(100, 999)]


def _authorized(client: httpx.Client, path: str) -> bytes:
    return _request(path, f"Authorization: {client.headers['Authorization']}\r\n")


def _request(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


def _load(work: Path, target: str, requests: Sequence[bytes], seconds: float) -> Got:
    names = []
    for number, request in enumerate(requests):
        names.append(str(work / f"request-{number}"))
        Path(names[-1]).write_bytes(request)
    command = [sys.executable, "-m", "benchmarks.load_client", target, str(CONNECTIONS), str(seconds), *names]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Got(**json.loads(told))


def _run(host: str, name: str) -> None:
    body = {"Image": IMAGE, "Cmd": ["sleep", "3600"], "Labels": {"team": "benchmarks"}}
    container = ask(host, "POST", f"/containers/create?name={name}", body)["Id"]
    ask(host, "POST", f"/containers/{container}/start")


def _socket(host: str) -> str:
    return urlsplit(host).path


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _kb(page: bytes) -> float:
    return len(gzip.compress(page)) / 1000

"""`GET /api/v1/builds?limit=20` among 10,000 builds, driven by wrk."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.server import ServerProcess

from benchmarks.figures import AtLeast, AtMost, Baseline, Figure
from benchmarks.records import DOCKERFILE, NAMES, add_builds
from benchmarks.servers import bare_server, pid_of, processor_seconds

BUILDS = 10_000
CONNECTIONS = 16
WRITE_PERIOD = 0.2
WARM_UP_SECONDS = 1
LIST = "/api/v1/builds?limit=20"
SAME_PAGE = f'request = function() return wrk.format("GET", "{LIST}") end'
PAGES = f'''
request = function()
  return wrk.format("GET", "{LIST}&offset=" .. 20 * math.random(0, {BUILDS // 20 - 1}))
end
'''
SEARCHES = f"""
local states = {{"success", "failed", "cancelled", "timeout"}}
request = function()
  local name = "package-" .. math.random(0, {NAMES - 1})
  return wrk.format("GET", "{LIST}&status=" .. states[math.random(4)] .. "&name=" .. name)
end
"""
BARE_PAGE = 'request = function() return wrk.format("GET", "/page") end'
# wrk counts times in microseconds.
TELL = """
done = function(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.status + summary.errors.timeout
  io.write(string.format('{"requests": %d, "seconds": %f, "p99": %f, "failed": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3, failed))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What a load got: requests a second, the 99th percentile of their times in ms, and the milliseconds
    of processor time that one took."""

    rate: float
    p99: float
    processor: float


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Rate and p99 of one page again and again, of pages at random, and while builds change."""
    seconds = 3 if quick else 10
    server = ServerProcess(work / "data")
    with server.running():
        pass
    add_builds(server, BUILDS)
    page = work / "page.json"
    with server.running(), server.signed_in() as client:
        token = client.headers["Authorization"]
        answer = client.get(LIST)
        assert answer.json()["data"]["total"] == BUILDS, answer.text
        page.write_bytes(answer.content)
        with bare_server(page, page) as at_bare:
            at_server = server.port, pid_of(server)
            bare = _load(work, at_bare, BARE_PAGE, seconds, token)
            same = _load(work, at_server, SAME_PAGE, seconds, token)
            pages = _load(work, at_server, PAGES, seconds, token)
            searches = _load(work, at_server, SEARCHES, seconds, token)
            with _builds_changing(client):
                same_changing = _load(work, at_server, SAME_PAGE, seconds, token)
                pages_changing = _load(work, at_server, PAGES, seconds, token)
                searches_changing = _load(work, at_server, SEARCHES, seconds, token)
            bare_again = _load(work, at_bare, BARE_PAGE, seconds, token)
    rate = Baseline((bare.rate + bare_again.rate) / 2, "route with the page in memory")
    p99 = Baseline(max(bare.p99, bare_again.p99), "the same")
    processor = Baseline((bare.processor + bare_again.processor) / 2, "the same")
    loads = {
        f"first page of {BUILDS:,} builds": same,
        "  a build changing 5 times a second": same_changing,
        "  pages at random": pages,
        "  pages at random, a build changing 5 times a second": pages_changing,
        "  searches at random, by status and name": searches,
        "  searches at random, a build changing 5 times a second": searches_changing,
    }
    figures: list[Figure] = []
    for name, load in loads.items():
        figures.append(Figure(name, load.rate, "req/s", AtLeast(1500), rate))
        figures.append(Figure(f"{name}: p99", load.p99, "ms", AtMost(20), p99))
        figures.append(Figure(f"{name}: processor time of one", load.processor, "ms", None, processor))
    return figures


def _load(work: Path, at: tuple[int, int], requests: str, seconds: int, token: str) -> Load:
    """What a load got from the server at that port, which is that process."""
    port, process = at
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("the list is measured with wrk: please install it")
    script = work / "load.lua"
    script.write_text(requests + TELL)
    for lasting in (WARM_UP_SECONDS, seconds):
        before = processor_seconds(process)
        command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{lasting}s", "-s", str(script)]
        command += ["-H", f"Authorization: {token}", f"http://127.0.0.1:{port}"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    counts = json.loads(told.splitlines()[-1])
    if counts["failed"]:
        raise RuntimeError(f"{counts['failed']} of {counts['requests']} requests failed")
    processor = (processor_seconds(process) - before) * 1000 / counts["requests"]
    return Load(counts["requests"] / counts["seconds"], counts["p99"], processor)


@contextmanager
def _builds_changing(client: httpx.Client) -> Iterator[None]:
    """A draft is created or cancelled every fifth of a second."""
    stop = threading.Event()

    def change() -> None:
        body = {"name": "changing", "dockerfile_content": DOCKERFILE}
        while not stop.wait(WRITE_PERIOD):
            draft = client.post("/api/v1/builds", json=body).json()["data"]["id"]
            if not stop.wait(WRITE_PERIOD):
                client.post(f"/api/v1/builds/{draft}/cancel").raise_for_status()

    writer = threading.Thread(target=change)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()

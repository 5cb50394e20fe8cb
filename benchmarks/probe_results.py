"""Ten million stored results: how much disk each takes, and how long a page of them takes."""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from tests.server import ServerProcess

from benchmarks.figures import AtMost, Figure
from benchmarks.probe_records import add_probes, add_results, database_bytes

PROBES = 500
INTERVAL = 30.0
REQUESTS = 1000


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Disk and time, over the API, with pages anywhere in a week."""
    server = ServerProcess(work / "data")
    with server.running():
        pass
    empty = database_bytes(server)
    # What they ask is never asked: they are paused by a far interval, and only read here.
    probes = add_probes(server, PROBES, url="http://127.0.0.1:9/", interval=86_400.0)
    hours = 16 if quick else 167
    total = add_results(server, probes, hours=hours, interval=INTERVAL)
    size = database_bytes(server) - empty
    ids = [probe.id for probe in probes]
    with server.running(), server.signed_in() as client:
        newest = _pages(client, ids, lambda draw: {})
        spread = _pages(client, ids, lambda draw: _moment(draw, hours))
        details = _times(client, [f"/api/v1/probes/{one}" for one in ids[:200]], [{}] * 200)
    return [
        Figure(f"disk, {total:,} results stored", size / total, "bytes/result", AtMost(40)),
        Figure("page of 50 results, the newest: p99", newest[1], "ms", AtMost(30)),
        Figure("  median", newest[0], "ms"),
        Figure("page of 50 results, anywhere: p99", spread[1], "ms", AtMost(30)),
        Figure("  median", spread[0], "ms"),
        Figure("detail with statistics: p99", details[1], "ms"),
    ]


def _moment(draw: random.Random, hours: int) -> dict[str, str]:
    at = time.time() - 3600 * draw.uniform(1, hours)
    return {"end_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))}


def _pages(
    client: httpx.Client, ids: list[str], query: Callable[[random.Random], dict[str, str]]
) -> tuple[float, float]:
    draw = random.Random(11)
    paths = [f"/api/v1/probes/{draw.choice(ids)}/results" for _ in range(REQUESTS)]
    return _times(client, paths, [query(draw) for _ in paths])


def _times(client: httpx.Client, paths: list[str], queries: list[dict[str, str]]) -> tuple[float, float]:
    """The median and the 99th percentile of the requests' times, in ms."""
    times = []
    for path, query in zip(paths, queries, strict=True):
        began = time.perf_counter()
        answer = client.get(path, params=query)
        times.append(1000 * (time.perf_counter() - began))
        assert answer.status_code == 200, answer.text
    return statistics.median(times), statistics.quantiles(times, n=100)[98]

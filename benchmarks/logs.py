"""A build's log over WebSockets: how fast one follower gets a stored one, what 50 of a live one cost."""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.server import IMAGE, ServerProcess, build

from benchmarks.figures import AtLeast, AtMost, Baseline, Figure
from benchmarks.records import add_builds, write_log
from benchmarks.servers import bare_server, pid_of, resident_mib

FOLLOWERS = 50
# About 300 lines a second for ten seconds, below what BuildKit lets a step print.
LIVE_DOCKERFILE = f"""\
FROM {IMAGE}
RUN for second in $(seq {{seconds}}); do for n in $(seq 300); do \
echo "gcc -O2 -g -Wall -MT unit-$n.o -c -o unit-$n.o unit-$n.c"; done; sleep 1; done
"""
SAMPLE_SECONDS = 0.05
FOLLOW_SECONDS = 120


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Lines a second in both framings, and the memory of many followers."""
    lines = 60_000 if quick else 300_000
    server = ServerProcess(work / "data")
    with server.running():
        pass
    stored = add_builds(server, 1)[0]
    write_log(server, stored, lines)
    path = f"/ws/builds/{stored}/logs"
    frames = server.data_dir / "builds" / stored / "log.ndjson"
    with server.running(), bare_server(frames, frames) as (bare, _):
        rates: dict[str, list[float]] = {"single": [], "batch": [], "bare single": [], "bare batch": []}
        for _ in range(3):
            rates["single"].append(_rate(server, path, lines))
            rates["bare single"].append(_rate_of_bare(bare, "/frames", lines))
            rates["batch"].append(_rate(server, f"{path}?batch=true", lines))
            rates["bare batch"].append(_rate_of_bare(bare, "/batches", lines))
    # A server of its own: in one that has been busy, followers use memory that is free already.
    with server.running():
        memory = _followers_memory(server, seconds=5 if quick else 10)
    found = {name: statistics.median(values) for name, values in rates.items()}
    return [
        Figure(
            f"a stored log of {lines:,} lines to one follower, a frame a line",
            found["single"],
            "lines/s",
            AtLeast(20_000),
            Baseline(found["bare single"], "bare socket, from memory"),
        ),
        Figure(
            "  batched frames",
            found["batch"],
            "lines/s",
            AtLeast(100_000),
            Baseline(found["bare batch"], "bare socket, from memory"),
        ),
        Figure(f"memory of {FOLLOWERS} followers of a live build", memory, "MiB", AtMost(150)),
    ]


def _rate(server: ServerProcess, path: str, lines: int) -> float:
    with server.signed_in() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    received = _follow(server.port, path, token)[0]
    assert received["lines"] == lines, received
    assert json.loads(received["end"]) == {"seq": lines, "type": "end", "status": "success"}
    return float(lines / received["seconds"])


def _rate_of_bare(port: int, path: str, lines: int) -> float:
    received = _follow(port, path, "none")[0]
    # The bare server cuts batches anywhere, so a line's first field may be cut in two.
    assert lines * 0.99 <= received["lines"] <= lines, received
    return float(lines / received["seconds"])


def _follow(port: int, path: str, token: str, followers: int = 1) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.socket_client", str(port), path, token, str(followers)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=FOLLOW_SECONDS).stdout
    return list(json.loads(told))


def _followers_memory(server: ServerProcess, *, seconds: int) -> float:
    """By how many MiB the server grows while many follow one build, from its first line to its end."""
    dockerfile = LIVE_DOCKERFILE.format(seconds=seconds)
    with server.signed_in() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        before = resident_mib(pid_of(server))
        identifier = build(client, dockerfile, cache_enabled=False)
        with _peak_memory(pid_of(server)) as peak:
            received = _follow(server.port, f"/ws/builds/{identifier}/logs", token, FOLLOWERS)
    for follower in received:
        end = json.loads(follower["end"])
        assert end["status"] == "success", end
        assert follower["lines"] == end["seq"] > 300 * seconds, follower
    return peak.mib - before


@dataclass(slots=True)
class _Peak:
    """The most memory seen so far, in MiB."""

    mib: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _peak_memory(process: int) -> Iterator[_Peak]:
    peak = _Peak()

    def sample() -> None:
        while not peak.stop.is_set():
            peak.mib = max(peak.mib, resident_mib(process))
            time.sleep(SAMPLE_SECONDS)

    watcher = threading.Thread(target=sample)
    watcher.start()
    try:
        yield peak
    finally:
        peak.stop.set()
        watcher.join()

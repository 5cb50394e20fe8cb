"""10,000 HTTP probes every 30 s: processor time, how late checks start, and memory."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.server import ServerProcess, free_port

from benchmarks.figures import AtLeast, AtMost, Figure
from benchmarks.probe_records import add_probes
from benchmarks.servers import first_answer, pid_of, processor_seconds, resident_mib

PROBES = 10_000
INTERVAL = 30.0
SLIP = 0.05
_SLIP = re.compile(r'eulermaker_probe_slip_seconds_bucket\{le="([^"]+)"\} (\S+)')
_SKIPPED = re.compile(r"\neulermaker_probe_checks_skipped_total (\S+)")
_SHARE = re.compile(r'eulermaker_probes\{state="(\w+)"\} (\S+)')


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Over some intervals, after the first one."""
    server = ServerProcess(work / "data")
    with server.running():
        pass
    with _target() as url:
        add_probes(server, PROBES, url=url, interval=INTERVAL)
        with server.running():
            _until_loaded(server)
            before = _checks(server)[0]
            time.sleep(INTERVAL)
            first = _checks(server)[0] - before
            return [
                Figure(
                    "probes phased within the first interval", float(first), "checks", AtLeast(0.99 * PROBES)
                ),
                *_steady(server, intervals=1 if quick else 4),
            ]


def _steady(server: ServerProcess, *, intervals: int) -> list[Figure]:
    process = pid_of(server)
    checks, late, skipped = _checks(server)
    began, busy = time.monotonic(), processor_seconds(process)
    peak = 0.0
    while (lasted := time.monotonic() - began) < intervals * INTERVAL:
        peak = max(peak, resident_mib(process))
        time.sleep(1)
    busy = processor_seconds(process) - busy
    checks_now, late_now, skipped_now = _checks(server)
    made = checks_now - checks
    share_late = (late_now - late) / made
    return [
        Figure(f"{PROBES:,} probes every {INTERVAL:g} s", 100 * busy / lasted, "% of a core", AtMost(15)),
        Figure("  checks", made / lasted, "checks/s"),
        Figure(f"  checks that start within {1000 * SLIP:g} ms", 100 * (1 - share_late), "%", AtLeast(99)),
        Figure("  checks left out", float(skipped_now - skipped), "checks", AtMost(0)),
        Figure("  memory", peak, "MiB", AtMost(300)),
    ]


def _until_loaded(server: ServerProcess) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = httpx.get(f"{server.url}/metrics", timeout=30).text
        if sum(float(count) for _, count in _SHARE.findall(told)) == PROBES:
            return
        time.sleep(0.1)
    raise TimeoutError("the probes are not loaded")


def _checks(server: ServerProcess) -> tuple[int, int, int]:
    """How many checks started, how many of them too late, and how many were left out."""
    told = httpx.get(f"{server.url}/metrics", timeout=30).text
    buckets = {bound: float(count) for bound, count in _SLIP.findall(told)}
    skipped = _SKIPPED.search(told)
    assert skipped is not None
    return int(buckets["+Inf"]), int(buckets["+Inf"] - buckets[str(SLIP)]), int(float(skipped[1]))


@contextmanager
def _target() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.probe_target", str(port)])
    try:
        first_answer(port, "/")
        yield f"http://127.0.0.1:{port}/health"
    finally:
        process.terminate()
        process.wait()

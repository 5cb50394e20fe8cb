"""Server start to first answer, and memory when idle."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.server import ServerProcess, free_port

from benchmarks.figures import AtMost, Baseline, Figure
from benchmarks.servers import bare_server, first_answer, pid_of, resident_mib

IDLE_SECONDS = 3.0


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """The median start on a database that exists, and the memory a few seconds after one."""
    empty = work / "empty"
    empty.write_text("{}")
    server = ServerProcess(work / "data")
    with server.running():
        pass
    starts, bare_starts = [], []
    for _ in range(3 if quick else 5):
        bare_starts.append(_start_of_bare(empty))
        starts.append(_start_of(server))
    with server.running(), bare_server(empty, empty) as (_, bare):
        time.sleep(IDLE_SECONDS)
        memory, bare_memory = resident_mib(pid_of(server)), resident_mib(bare)
    return [
        Figure(
            "server start to first answer",
            statistics.median(starts),
            "s",
            AtMost(2.0),
            Baseline(statistics.median(bare_starts), "bare FastAPI server"),
        ),
        Figure("idle memory", memory, "MiB", AtMost(150), Baseline(bare_memory, "bare FastAPI server")),
    ]


def _start_of(server: ServerProcess) -> float:
    command = [sys.executable, "-m", "eulermaker", "serve", "--port", str(server.port)]
    return _seconds(command, server.port, "/healthz", server.environment)


def _start_of_bare(empty: Path) -> float:
    port = free_port()
    return _seconds(
        [sys.executable, "-m", "benchmarks.bare_server", str(port), str(empty), str(empty)], port, "/page"
    )


def _seconds(command: list[str], port: int, path: str, environment: dict[str, str] | None = None) -> float:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return first_answer(port, path)
    finally:
        process.terminate()
        process.wait()

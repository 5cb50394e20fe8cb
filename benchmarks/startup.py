"""Server start to first answer, and memory when idle."""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.server import ServerProcess, free_port

from benchmarks.figures import AtMost, Baseline, Figure
from benchmarks.servers import bare_server, first_answer, pid_of, processor_seconds, resident_mib

IDLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Start:
    """A start, until the first answer: the seconds that it took, and those of the processor."""

    seconds: float
    processor: float


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
    bare_start = _median(bare_starts)
    start = _median(starts)
    with server.running(), bare_server(empty, empty) as (_, bare):
        time.sleep(IDLE_SECONDS)
        memory, bare_memory = resident_mib(pid_of(server)), resident_mib(bare)
    return [
        Figure(
            "server start to first answer",
            start.seconds,
            "s",
            AtMost(2.0),
            Baseline(bare_start.seconds, "bare FastAPI server"),
        ),
        Figure("  processor time", start.processor, "s", None, Baseline(bare_start.processor, "the same")),
        Figure("idle memory", memory, "MiB", AtMost(150), Baseline(bare_memory, "bare FastAPI server")),
    ]


def _median(starts: list[Start]) -> Start:
    return Start(
        statistics.median(start.seconds for start in starts),
        statistics.median(start.processor for start in starts),
    )


def _start_of(server: ServerProcess) -> Start:
    command = [sys.executable, "-m", "eulermaker", "serve", "--port", str(server.port)]
    return _start(command, server.port, "/healthz", server.environment)


def _start_of_bare(empty: Path) -> Start:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bare_server", str(port), str(empty), str(empty)]
    return _start(command, port, "/page")


def _start(command: list[str], port: int, path: str, environment: dict[str, str] | None = None) -> Start:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return Start(first_answer(port, path), processor_seconds(process.pid))
    finally:
        process.terminate()
        process.wait()

"""The processes that are measured."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server import ServerProcess, free_port

START_SECONDS = 60.0
POLL_SECONDS = 0.002
MIB = 1024 * 1024


@contextmanager
def bare_server(frames: Path, page: Path) -> Iterator[tuple[int, int]]:
    """Port and process id of the baseline's server while it runs."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bare_server", str(port), str(frames), str(page)]
    process = subprocess.Popen(command)
    try:
        first_answer(port, "/page")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def first_answer(port: int, path: str) -> float:
    """Seconds until a server that is starting answers a request with 200."""
    started = time.perf_counter()
    while time.perf_counter() < started + START_SECONDS:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                if b" 200 " in connection.recv(64):
                    return time.perf_counter() - started
        except OSError:
            time.sleep(POLL_SECONDS)
    raise TimeoutError(f"nothing answers at port {port}")


def resident_mib(process: int) -> float:
    """The resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def processor_seconds(process: int) -> float:
    """The processor time that a process has taken so far, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def pid_of(server: ServerProcess) -> int:
    """The process id of a running server."""
    assert server.process is not None
    return server.process.pid

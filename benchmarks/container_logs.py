"""What a container writes, told to one follower, beside the docker CLI: the same lines, by turns."""

import http.client
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from tests.server import IMAGE, ServerProcess

from benchmarks.engines import ask
from benchmarks.figures import AtLeast, Baseline, Figure

CHUNK = 256 * 1024
PERCENT = 90
SECONDS = 120
FIRST, LAST = b"ready", b"that was all"
# What a compiler run prints, as fast as the engine takes it, once somebody looks on.
WRITER = """\
echo ready; until [ -e /go ]; do sleep 0.05; done; head -c {lines} /dev/zero | tr '\\0' '\\n' | \
awk '{{ print "gcc -O2 -g -Wall -MT lib/unit-" NR ".o -MD -c -o lib/unit-" NR ".o lib/unit-" NR ".c" }}'; \
echo that was all; exec sleep 3600
"""

Read = Callable[[], bytes]


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Lines a second from the first to the last, none of them missing."""
    cli = shutil.which("docker")
    if cli is None:
        raise SystemExit("followed logs are measured beside the docker CLI: please install docker")
    lines, rounds = (100_000, 3) if quick else (200_000, 7)
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    rates: dict[str, list[float]] = {"ours": [], "cli": [], "cli with times": []}
    server = ServerProcess(work / "data")
    with server.running(), server.signed_in() as client:
        for _ in range(rounds):
            with _writer(host, lines) as container, _ours(server, client, container) as read:
                rates["ours"].append(_rate(host, container, read, lines))
            with _writer(host, lines) as container, _cli([cli, "logs", "--follow", container]) as read:
                rates["cli"].append(_rate(host, container, read, lines))
            command = [cli, "logs", "--follow", "--timestamps"]
            with _writer(host, lines) as container, _cli([*command, container]) as read:
                rates["cli with times"].append(_rate(host, container, read, lines))
    found = {name: statistics.median(values) for name, values in rates.items()}
    return [
        Figure(
            f"{lines:,} lines of a container to one follower",
            100 * found["ours"] / found["cli"],
            "%",
            AtLeast(PERCENT),
            Baseline(found["cli"], "docker logs --follow", "lines/s"),
        ),
        Figure(
            "  rate, each line with its time and stream",
            found["ours"],
            "lines/s",
            None,
            Baseline(found["cli with times"], "docker logs --follow --timestamps"),
        ),
    ]


def _rate(host: str, container: str, read: Read, lines: int) -> float:
    """The lines are only counted: whoever reads them is not what is measured."""
    seen = b""
    while FIRST not in seen:
        seen += _some(read)
    wanted = {"Cmd": ["touch", "/go"]}
    command = ask(host, "POST", f"/containers/{container}/exec", wanted)["Id"]
    ask(host, "POST", f"/exec/{command}/start", {"Detach": True})
    tail = _some(read)
    started = time.perf_counter()
    first = counted = tail.count(b"\n")
    while LAST not in tail:
        data = _some(read)
        counted += data.count(b"\n")
        tail = tail[-2 * len(LAST) :] + data
    seconds = time.perf_counter() - started
    assert counted == lines + 1, counted
    return (counted - first) / seconds


def _some(read: Read) -> bytes:
    data = read()
    assert data, "the log ended early"
    return data


@contextmanager
def _ours(server: ServerProcess, client: httpx.Client, container: str) -> Iterator[Read]:
    _wait_for(client, container)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    path = f"/api/v1/containers/{container}/logs?follow=true"
    connection.request("GET", path, headers={"Authorization": client.headers["Authorization"]})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    # Chunked, as every answer of no known length: taken off the connection as it comes.
    with answer, closing(connection):
        yield lambda: answer.read1(CHUNK)


@contextmanager
def _cli(command: list[str]) -> Iterator[Read]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout.fileno()
    try:
        yield lambda: os.read(output, CHUNK)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def _writer(host: str, lines: int) -> Iterator[str]:
    body = {"Image": IMAGE, "Cmd": ["sh", "-c", WRITER.format(lines=lines)]}
    container = str(ask(host, "POST", "/containers/create", body)["Id"])
    try:
        ask(host, "POST", f"/containers/{container}/start")
        yield container
    finally:
        ask(host, "DELETE", f"/containers/{container}?force=true&v=true")


def _wait_for(client: httpx.Client, container: str) -> None:
    deadline = time.monotonic() + SECONDS
    while client.get(f"/api/v1/containers/{container}").status_code != 200:
        assert time.monotonic() < deadline, "the server does not hear of the container"
        time.sleep(0.05)

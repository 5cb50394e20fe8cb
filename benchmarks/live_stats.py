"""What it costs to watch the counters of many containers at once, and when that ends."""

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import httpx
import uvloop
from tests.faults.engines import own_engine
from tests.server import IMAGE, ServerProcess

from benchmarks.claiming_engine import claiming_engine
from benchmarks.engines import ask
from benchmarks.figures import AtMost, Baseline, Figure
from benchmarks.servers import pid_of

CONTAINERS = 500
STARTED_AT_ONCE = 4
#: As many as start in this time are measured, and the share of a core is for those.
START_SECONDS = 150.0
FIRST_SAMPLE_SECONDS = 60.0
CLOSE_SECONDS = 30.0
PERCENT_OF_CORE = 25.0
IDLE_SECONDS = 5.0
#: The engine tells a sample a second of each container, and rests between two rounds.
FEWEST_SAMPLES = 0.5


class Viewer(asyncio.Protocol):
    """Follows one container's counters and counts them."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.samples = 0
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        # uvloop's transports do not descend from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count what came: each sample has one."""
        self.samples += data.count(b'"cpu_usage"')
        if not self.first.done() and self.samples:
            self.first.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail when it was not us who closed."""
        if not self.first.done():
            self.first.set_exception(ConnectionError(f"no samples came: {exc}"))

    def close(self) -> None:
        """Look away."""
        self._transport.abort()


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """The server's share of a core while all are watched, and how long the engine's streams outlive that.

    First as many as a real engine starts in a while and tells of; then all, on one that only claims to
    have them: there nothing but the server is measured, whatever else the machine has to do.
    """
    wanted, seconds = (50, 10.0) if quick else (CONTAINERS, 20.0)
    return [*_on_an_engine(work, wanted, seconds), *_on_a_claim(work, seconds)]


def _on_an_engine(work: Path, wanted: int, seconds: float) -> list[Figure]:
    with own_engine(work / "e") as engine:
        containers = _started(engine.host, wanted)
        server = ServerProcess(work / "data", {"EULERMAKER_DOCKER_HOST": engine.host})
        dockerd = int((work / "e" / ".run" / "docker.pid").read_text())
        watched = _watched(server, containers, seconds, dockerd)
    beside = Baseline(watched.engines, "the engine's")
    return _figures(f"live stats of {len(containers)} containers", watched, len(containers), beside)


def _on_a_claim(work: Path, seconds: float) -> list[Figure]:
    with claiming_engine(work / "c.sock", CONTAINERS) as host:
        server = ServerProcess(work / "claimed", {"EULERMAKER_DOCKER_HOST": host})
        containers = [f"{number:064x}" for number in range(1, CONTAINERS + 1)]
        watched = _watched(server, containers, seconds, None)
    what = f"live stats of {CONTAINERS} containers that an engine claims to have"
    return _figures(what, watched, CONTAINERS, None)


def _watched(
    server: ServerProcess, containers: Sequence[str], seconds: float, dockerd: int | None
) -> "Watched":
    with server.running(), server.signed_in() as client:
        _wait_for(client, len(containers))
        token = client.headers["Authorization"]
        return uvloop.run(_watch(server, token, containers, seconds, dockerd))


def _figures(what: str, watched: "Watched", many: int, beside: Baseline | None) -> list[Figure]:
    asked = AtMost(PERCENT_OF_CORE * many / CONTAINERS)
    return [
        Figure(f"{what}, share of a core", watched.share, "%", asked, beside),
        Figure("  beside what the server uses when nobody watches", watched.idle, "%"),
        Figure("  samples of each", watched.rate, "/s"),
        Figure(
            "  the engine's streams closed after the last viewer", watched.closed, "s", AtMost(CLOSE_SECONDS)
        ),
    ]


@dataclass(frozen=True, slots=True)
class Watched:
    """Percent of a core: what watching takes, what idling takes, and the engine's; samples a second of each
    container; seconds until the engine's streams were closed."""

    share: float
    idle: float
    engines: float
    rate: float
    closed: float


async def _watch(
    server: ServerProcess, token: str, containers: Sequence[str], seconds: float, dockerd: int | None
) -> Watched:
    process, loop = pid_of(server), asyncio.get_running_loop()
    used = _cpu_seconds(process)
    await asyncio.sleep(IDLE_SECONDS)
    idle = 100 * (_cpu_seconds(process) - used) / IDLE_SECONDS
    before = _open_files(process)
    viewers = []
    for container in containers:
        viewer = partial(Viewer, _request(container, token))
        viewers.append((await loop.create_connection(viewer, "127.0.0.1", server.port))[1])
    async with asyncio.timeout(FIRST_SAMPLE_SECONDS):
        for watching in viewers:
            await watching.first
    counted, used, theirs = sum(v.samples for v in viewers), _cpu_seconds(process), _cpu_seconds(dockerd)
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    lasted = time.perf_counter() - started
    rate = (sum(v.samples for v in viewers) - counted) / lasted / len(containers)
    ours = 100 * (_cpu_seconds(process) - used) / lasted
    engines = 100 * (_cpu_seconds(dockerd) - theirs) / lasted
    assert rate >= FEWEST_SAMPLES, rate
    assert _open_files(process) >= before + len(containers), "the engine's streams are not open"
    for watching in viewers:
        watching.close()
    closed = await _closing(process, before + len(containers) // 20)
    return Watched(ours - idle, idle, engines, rate, closed)


async def _closing(process: int, files: int) -> float:
    """Seconds until the process holds no more than so many files open: a stream of the engine is one."""
    started = time.perf_counter()
    while _open_files(process) > files:
        assert time.perf_counter() - started < 2 * CLOSE_SECONDS, "the engine's streams stay open"
        await asyncio.sleep(0.1)
    return time.perf_counter() - started


def _started(host: str, wanted: int) -> list[str]:
    deadline = time.monotonic() + START_SECONDS

    def start(number: int) -> str | None:
        if time.monotonic() > deadline:
            return None
        body = {
            "Image": IMAGE,
            "Cmd": ["sleep", "86400"],
            # Nothing else ends the first process of a container at once, and hundreds have to end.
            "StopSignal": "SIGKILL",
            "HostConfig": {"NetworkMode": "none"},
        }
        container = str(ask(host, "POST", f"/containers/create?name=watched-{number}", body)["Id"])
        ask(host, "POST", f"/containers/{container}/start")
        return container

    with ThreadPoolExecutor(STARTED_AT_ONCE) as pool:
        return [container for container in pool.map(start, range(wanted)) if container is not None]


def _wait_for(client: httpx.Client, count: int) -> None:
    deadline = time.monotonic() + FIRST_SAMPLE_SECONDS
    while True:
        answer = client.get("/api/v1/containers?status=running")
        if answer.status_code == 200 and answer.json()["data"]["total"] == count:
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def _request(container: str, token: str) -> bytes:
    path = f"/api/v1/containers/{container}/stats?stream=true"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n".encode()


def _open_files(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def _cpu_seconds(process: int | None) -> float:
    """What the process has used of the CPU, in its own code and in the kernel."""
    if process is None:
        return 0.0
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

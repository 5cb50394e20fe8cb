"""Starting, stopping and the like through the product, beside the same asked of the engine itself."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import uvloop
from tests.server import IMAGE, ServerProcess

from benchmarks.claiming_engine import claiming_engine
from benchmarks.figures import AtMost, Baseline, Figure
from benchmarks.pairs import Times

API = "/v1.41"
P50_MS = 1.0
P99_MS = 5.0
KNOWN_SECONDS = 10.0
#: Engine 20.10 notes a container's pause and its end a second time, a moment later: what is asked of it
#: meanwhile may be undone.
SETTLE_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Step:
    """One action: what it is called, and what goes with it to the engine and to us."""

    name: str
    query: str = ""
    body: dict[str, Any] | None = None


START = Step("start")
STOP = Step("stop", "?t=0", {"timeout": 0})
RESTART = Step("restart", "?t=0", {"timeout": 0})
PAUSE = Step("pause")
UNPAUSE = Step("unpause")
#: Rounds that leave a running container running.
FREEZING = (PAUSE, UNPAUSE)
STOPPING = (STOP, START, RESTART)
EVERYTHING = (*FREEZING, *STOPPING)


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Each action on the real engine; then on one that does nothing, where nothing but ours takes time."""
    rounds = (40, 8, 100) if quick else (200, 30, 400)
    return [*_on_the_engine(work, rounds[0], rounds[1]), *_on_nothing(work, rounds[2])]


def _on_the_engine(work: Path, freezing: int, stopping: int) -> list[Figure]:
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    server = ServerProcess(work / "data")
    with server.running(), server.signed_in() as client:
        times = uvloop.run(_measure(host, server.url, client.headers["Authorization"], freezing, stopping))
    figures = []
    for step, taken in times.items():
        over, raw = taken.p50
        figures.append(
            Figure(
                f"{step} over the engine's, p50", over, "ms", AtMost(P50_MS), Baseline(raw, "the engine's")
            )
        )
        if len(taken.ours) >= 100:
            over, raw = taken.p99
            beside = Baseline(raw, "the engine's")
            figures.append(Figure("  p99", over, "ms", AtMost(P99_MS), beside))
    return figures


def _on_nothing(work: Path, count: int) -> list[Figure]:
    with claiming_engine(work / "c.sock", 20) as host:
        server = ServerProcess(work / "claimed", {"EULERMAKER_DOCKER_HOST": host})
        with server.running(), server.signed_in() as client:
            token = client.headers["Authorization"]
            times = uvloop.run(_measure_nothing(host, server.url, token, count))
    everything = Times(
        [t for one in times.values() for t in one.ours], [t for one in times.values() for t in one.raw]
    )
    over, raw = everything.p50
    over_p99, raw_p99 = everything.p99
    what = "the same, asked directly"
    return [
        Figure(
            "all actions over an engine that does nothing, p50",
            over,
            "ms",
            AtMost(P50_MS),
            Baseline(raw, what),
        ),
        Figure("  p99", over_p99, "ms", AtMost(P99_MS), Baseline(raw_p99, what)),
    ]


async def _measure(host: str, url: str, token: str, freezing: int, stopping: int) -> dict[str, Times]:
    async with (
        engine_session(host) as engine,
        aiohttp.ClientSession(url, headers={"Authorization": token}) as api,
        running_container(engine, api) as container,
    ):
        times = await _rounds(engine, api, container, FREEZING, freezing, settle=SETTLE_SECONDS)
        return times | await _rounds(engine, api, container, STOPPING, stopping, settle=SETTLE_SECONDS)


async def _measure_nothing(host: str, url: str, token: str, count: int) -> dict[str, Times]:
    async with (
        engine_session(host) as engine,
        aiohttp.ClientSession(url, headers={"Authorization": token}) as api,
    ):
        container = f"{1:064x}"
        await known(api, container)
        return await _rounds(engine, api, container, EVERYTHING, count, settle=0)


async def _rounds(
    engine: aiohttp.ClientSession,
    api: aiohttp.ClientSession,
    container: str,
    steps: Sequence[Step],
    count: int,
    *,
    settle: float,
) -> dict[str, Times]:
    """So many rounds each way, by turns; the first of each is not counted."""
    times = {step.name: Times() for step in steps}
    for number in range(count + 1):
        for ours in (True, False) if number % 2 else (False, True):
            for step in steps:
                taken = await (_ours(api, container, step) if ours else _raw(engine, container, step))
                await asyncio.sleep(settle)
                if number:
                    (times[step.name].ours if ours else times[step.name].raw).append(taken)
    return times


async def _ours(api: aiohttp.ClientSession, container: str, step: Step) -> float:
    path = f"/api/v1/containers/{container}/{step.name}"
    started = time.perf_counter()
    async with api.post(path, json=step.body) as answer:
        told = await answer.read()
    taken = (time.perf_counter() - started) * 1000
    assert answer.status == 200, told
    return taken


async def _raw(engine: aiohttp.ClientSession, container: str, step: Step) -> float:
    started = time.perf_counter()
    async with engine.post(f"{API}/containers/{container}/{step.name}{step.query}") as answer:
        told = await answer.read()
    taken = (time.perf_counter() - started) * 1000
    assert answer.status == 204, told
    return taken


def engine_session(host: str) -> aiohttp.ClientSession:
    """A client of the engine at that DOCKER_HOST."""
    parts = urlsplit(host)
    if parts.scheme == "unix":
        return aiohttp.ClientSession("http://docker", connector=aiohttp.UnixConnector(parts.path))
    return aiohttp.ClientSession(f"http://{parts.netloc}")


@asynccontextmanager
async def running_container(
    engine: aiohttp.ClientSession, api: aiohttp.ClientSession | None = None, **config: Any
) -> AsyncIterator[str]:
    """A container of the test image that runs, and that the server knows; removed at the end."""
    body = {"Image": IMAGE, "Cmd": ["sleep", "3600"], **config}
    async with engine.post(f"{API}/containers/create", json=body) as answer:
        container = str((await answer.json())["Id"])
    try:
        async with engine.post(f"{API}/containers/{container}/start") as answer:
            assert answer.status == 204, await answer.read()
        if api is not None:
            await known(api, container)
        yield container
    finally:
        async with engine.delete(f"{API}/containers/{container}?force=true&v=true") as answer:
            assert answer.status == 204, await answer.read()


async def known(api: aiohttp.ClientSession, container: str) -> None:
    """Return when the server shows the container as running."""
    deadline = time.monotonic() + KNOWN_SECONDS
    while True:
        async with api.get(f"/api/v1/containers/{container}") as answer:
            told = await answer.json()
        if answer.status == 200 and told["data"]["status"] == "running":
            return
        assert time.monotonic() < deadline, told

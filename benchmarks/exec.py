"""`POST /containers/{id}/exec` beside the three calls of the engine that it stands for."""

import os
import time
from pathlib import Path

import aiohttp
import uvloop
from tests.server import ServerProcess

from benchmarks.figures import AtMost, Baseline, Figure
from benchmarks.lifecycle import API, engine_session, running_container
from benchmarks.pairs import Times, by_turns

COMMAND = ["echo", "hello"]
P50_MS = 5.0


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """The same command both ways, by turns."""
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    server = ServerProcess(work / "data")
    with server.running(), server.signed_in() as client:
        token = client.headers["Authorization"]
        times = uvloop.run(_measure(host, server.url, token, 20 if quick else 120))
    over, raw = times.p50
    over_p99, raw_p99 = times.p99
    beside = "create, start, read, inspect"
    return [
        Figure("exec over the engine's, p50", over, "ms", AtMost(P50_MS), Baseline(raw, beside)),
        Figure("  p99", over_p99, "ms", None, Baseline(raw_p99, beside)),
    ]


async def _measure(host: str, url: str, token: str, count: int) -> Times:
    async with (
        engine_session(host) as engine,
        aiohttp.ClientSession(url, headers={"Authorization": token}) as api,
        running_container(engine, api) as container,
    ):
        await _ours(api, container)
        await _raw(engine, container)
        return await by_turns(lambda: _ours(api, container), lambda: _raw(engine, container), count)


async def _ours(api: aiohttp.ClientSession, container: str) -> float:
    started = time.perf_counter()
    async with api.post(f"/api/v1/containers/{container}/exec", json={"command": COMMAND}) as answer:
        told = await answer.json()
    taken = (time.perf_counter() - started) * 1000
    assert answer.status == 200, told
    assert (told["data"]["stdout"], told["data"]["exit_code"]) == ("hello\n", 0), told
    return taken


async def _raw(engine: aiohttp.ClientSession, container: str) -> float:
    wanted = {"Cmd": COMMAND, "AttachStdout": True, "AttachStderr": True}
    started = time.perf_counter()
    async with engine.post(f"{API}/containers/{container}/exec", json=wanted) as answer:
        identifier = (await answer.json())["Id"]
    async with engine.post(f"{API}/exec/{identifier}/start", json={"Detach": False, "Tty": False}) as answer:
        output = await answer.read()
    running = True
    while running:
        async with engine.get(f"{API}/exec/{identifier}/json") as answer:
            told = await answer.json()
        running = told["Running"]
    taken = (time.perf_counter() - started) * 1000
    assert output[8:] == b"hello\n", output
    assert told["ExitCode"] == 0, told
    return taken

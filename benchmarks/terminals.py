"""A terminal beside the raw exec under it: a key press, much output, and Ctrl-C in a flood."""

import asyncio
import os
import statistics
import struct
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import aiohttp
import uvloop
from tests.server import IMAGE, ServerProcess

from benchmarks.figures import AtLeast, AtMost, Baseline, Figure
from eulermaker.engines.containers import ExecStream, NewContainer, NewExec
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.kernel.clock import utc_now

SUBPROTOCOL = "eulermaker.terminal.v1"
HEAD = struct.Struct(">BQ")
OUTPUT, INPUT, ACK = 1, 2, 3
MB = 1_000_000
ECHO = ("sh", "-c", "stty raw -echo; exec cat")
# Text, as most of what terminals show: bytes that are none cost a recording six times as many.
FLOOD = ("sh", "-c", 'stty raw -echo; head -c {size} /dev/zero | tr "\\000" .')
PROMPT = b"prompt-42>"
SHELL_ENVIRONMENT = {"PS1": "prompt-$((40+2))>"}
KNOWN_SECONDS = 10.0


class Line(Protocol):
    """Both ways of a terminal."""

    async def read(self) -> bytes:
        """The next output; empty at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Type."""
        ...


class RawLine:
    """An exec of the engine itself."""

    def __init__(self, stream: ExecStream) -> None:
        self._stream = stream

    async def read(self) -> bytes:
        """The next output."""
        return await self._stream.read(64 * 1024)

    async def write(self, data: bytes) -> None:
        """Type."""
        await self._stream.write(data)


class SocketLine:
    """A terminal of ours over the binary subprotocol; acknowledges what it takes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        """The next output."""
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                await self._socket.send_bytes(HEAD.pack(ACK, HEAD.unpack_from(message.data)[1]))
                return bytes(message.data[HEAD.size :])
            if message.type is not aiohttp.WSMsgType.TEXT:
                return b""

    async def write(self, data: bytes) -> None:
        """Type."""
        await self._socket.send_bytes(bytes([INPUT]) + data)


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """Both side by side, turn about."""
    server = ServerProcess(work / "data")
    with server.running(), server.signed_in() as client:
        return uvloop.run(_measure(server.url, client.headers["Authorization"], quick=quick))


async def _measure(url: str, token: str, *, quick: bool) -> list[Figure]:
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    engine = DockerEngine(host, builder="auto", clock=utc_now)
    made = await engine.containers.create(
        NewContainer(None, {"Image": IMAGE, "Cmd": ["sleep", "3600"], "HostConfig": {"Init": True}})
    )
    try:
        await engine.containers.start(made)
        async with aiohttp.ClientSession(url, headers={"Authorization": token}) as api:
            return await _compare(engine, api, made, quick=quick)
    finally:
        await engine.containers.remove(made, force=True, volumes=False)
        await engine.close()


async def _compare(
    engine: DockerEngine, api: aiohttp.ClientSession, container: str, *, quick: bool
) -> list[Figure]:
    keys, size, rounds = (1_000, 20 * MB, 3) if quick else (10_000, 100 * MB, 7)
    async with _raw(engine, container, ECHO) as raw, _ours(api, container, ECHO) as ours:
        straight, through = await _echoes(raw, ours, keys)
    rates: dict[str, list[float]] = {"ours": [], "raw": []}
    flood = (*FLOOD[:2], FLOOD[2].format(size=size))
    for _ in range(rounds):
        async with _raw(engine, container, flood) as line:
            rates["raw"].append(await _throughput(line, size))
        async with _ours(api, container, flood) as line:
            rates["ours"].append(await _throughput(line, size))
    interrupts: dict[str, list[float]] = {"ours": [], "raw": []}
    for _ in range(rounds):
        async with _raw(engine, container, ("sh",)) as line:
            interrupts["raw"].append(await _interrupt(line))
        async with _ours(api, container, ("sh",)) as line:
            interrupts["ours"].append(await _interrupt(line))
    return [
        Figure(
            "terminal echo beyond raw exec, p50",
            statistics.median(through) - statistics.median(straight),
            "ms",
            AtMost(0.5),
            Baseline(statistics.median(straight), "raw exec itself"),
        ),
        Figure(
            "  p99",
            _p99(through) - _p99(straight),
            "ms",
            AtMost(3),
            Baseline(_p99(straight), "raw exec itself"),
        ),
        Figure(
            "terminal throughput, binary",
            statistics.median(rates["ours"]),
            "MB/s",
            AtLeast(20),
            Baseline(statistics.median(rates["raw"]), "raw exec"),
        ),
        Figure(
            "Ctrl-C during yes to the prompt",
            statistics.median(interrupts["ours"]),
            "ms",
            AtMost(150),
            Baseline(statistics.median(interrupts["raw"]), "raw exec"),
        ),
    ]


async def _echoes(raw: Line, ours: Line, keys: int) -> tuple[list[float], list[float]]:
    """Milliseconds from key press to echo, both by turns."""
    straight: list[float] = []
    through: list[float] = []
    # `cat` is there once its echo is.
    for line in (raw, ours):
        await _echo(line)
    for _ in range(keys):
        straight.append(await _echo(raw))
        through.append(await _echo(ours))
    return straight, through


async def _echo(line: Line) -> float:
    started = time.perf_counter()
    await line.write(b"x")
    echoed = await line.read()
    assert echoed == b"x", echoed
    return (time.perf_counter() - started) * 1000


async def _throughput(line: Line, size: int) -> float:
    """MB a second from the first byte to the last."""
    received = len(await line.read())
    started = time.perf_counter()
    first = received
    while received < size:
        data = await line.read()
        assert data, received
        received += len(data)
    return (received - first) / MB / (time.perf_counter() - started)


async def _interrupt(line: Line) -> float:
    """Milliseconds from Ctrl-C to the shell's prompt."""
    await _until_prompt(line)
    await line.write(b"yes\n")
    received = 0
    while received < MB:
        received += len(await line.read())
    started = time.perf_counter()
    await line.write(b"\x03")
    await _until_prompt(line)
    return (time.perf_counter() - started) * 1000


async def _until_prompt(line: Line) -> None:
    tail = b""
    while PROMPT not in tail:
        data = await line.read()
        assert data
        tail = tail[-len(PROMPT) :] + data


@asynccontextmanager
async def _raw(engine: DockerEngine, container: str, command: tuple[str, ...]) -> AsyncIterator[Line]:
    new = NewExec(command, environment=SHELL_ENVIRONMENT, tty=True, stdin=True)
    identifier = await engine.containers.create_exec(container, new)
    async with engine.containers.attach_exec(identifier, tty=True) as stream:
        await asyncio.sleep(0.2)
        yield RawLine(stream)
        # Nothing else would end the command.
        await stream.write(b"\x04")


@asynccontextmanager
async def _ours(api: aiohttp.ClientSession, container: str, command: tuple[str, ...]) -> AsyncIterator[Line]:
    text = f"{command[0]} -c '{command[2]}'" if len(command) == 3 else command[0]
    body = {"container_id": container, "command": text, "environment": SHELL_ENVIRONMENT}
    session = await _opened(api, body)
    async with api.ws_connect(f"/ws/terminals/{session}", protocols=[SUBPROTOCOL], max_msg_size=0) as socket:
        await asyncio.sleep(0.2)
        yield SocketLine(socket)
    async with api.delete(f"/api/v1/terminals/{session}") as answer:
        answer.raise_for_status()


async def _opened(api: aiohttp.ClientSession, body: Mapping[str, object]) -> str:
    deadline = time.monotonic() + KNOWN_SECONDS
    while True:
        async with api.post("/api/v1/terminals", json=body) as answer:
            told = await answer.json()
            if answer.status == 201:
                return str(told["data"]["session_id"])
        # The view hears of the container a moment after the engine's answer to us.
        if answer.status != 404 or time.monotonic() > deadline:
            raise RuntimeError(told)
        await asyncio.sleep(0.05)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]

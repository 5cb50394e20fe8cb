"""What idle WebSockets cost in memory: thousands of one user's, which wait for containers' events."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import uvloop
from tests.server import ServerProcess

from benchmarks.figures import AtMost, Baseline, Figure
from benchmarks.servers import bare_server, pid_of, resident_mib
from benchmarks.socket_client import request

SOCKETS = 5_000
OPENED_AT_ONCE = 100
SETTLE_SECONDS = 2.0
OPEN_SECONDS = 120.0
#: RFC 6455 §5.2: a final frame of no length, and a client's mask, which may be any.
PING, PONG = b"\x89", b"\x8a\x80\x00\x00\x00\x00"
#: The limit of one user is for people; whoever wants more sets it higher.
RAISED = {
    "EULERMAKER_RATE_LIMIT__ENABLED": "true",
    "EULERMAKER_RATE_LIMIT__WEBSOCKETS": str(2 * SOCKETS),
    "EULERMAKER_RATE_LIMIT__READS": "1000000",
}


class Idle(asyncio.Protocol):
    """A socket that says nothing and answers pings."""

    def __init__(self, asks: bytes) -> None:
        self._asks = asks
        loop = asyncio.get_running_loop()
        self.open: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the socket."""
        # uvloop's transports do not descend from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._asks)

    def data_received(self, data: bytes) -> None:
        """Take the answer to the handshake; answer pings, which carry four bytes here."""
        if not self.open.done():
            if data.startswith(b"HTTP/1.1 101"):
                self.open.set_result(None)
            else:
                self.open.set_exception(ConnectionError(data.decode(errors="replace")))
        elif data.startswith(PING):
            self._transport.write(PONG[:1] + bytes([0x80 | data[1]]) + bytes(4) + data[2 : 2 + data[1]])

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is gone."""
        if not self.open.done():
            self.open.set_exception(ConnectionError(f"refused: {exc}"))
        self.lost.set_result(None)

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()


def measure(work: Path, *, quick: bool) -> list[Figure]:
    """The growth of the server and of a bare one, until as many sockets are open."""
    count = 1_000 if quick else SOCKETS
    _raise_limit(count + 500)
    nothing = work / "nothing"
    nothing.write_text("")
    server = ServerProcess(work / "data", RAISED)
    with bare_server(nothing, nothing) as (port, process):
        bare, _ = uvloop.run(_growth(port, "/idle", "none", count, process))
    with server.running(), server.signed_in() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        path = "/ws/containers/events"
        grown, seconds = uvloop.run(_growth(server.port, path, token, count, pid_of(server)))
    asked = AtMost(100) if count == SOCKETS else AtMost(100 * count / SOCKETS)
    beside = Baseline(bare, "bare FastAPI server")
    return [
        Figure(f"{count:,} idle WebSockets", grown, "MiB", asked, beside),
        Figure("  each", grown * 1024 / count, "KiB", None, Baseline(bare * 1024 / count, "the same")),
        Figure("  opened", count / seconds, "sockets/s"),
    ]


async def _growth(port: int, path: str, token: str, count: int, process: int) -> tuple[float, float]:
    """By how many MiB a process grows, and the seconds until all sockets were open."""
    # What a first socket loads for all of them is no socket's.
    async with _open(port, path, token, 1):
        await asyncio.sleep(SETTLE_SECONDS)
    before, started = resident_mib(process), time.perf_counter()
    async with _open(port, path, token, count) as sockets:
        seconds = time.perf_counter() - started
        await asyncio.sleep(SETTLE_SECONDS)
        assert not any(socket.lost.done() for socket in sockets), "a socket was lost"
        return resident_mib(process) - before, seconds


@asynccontextmanager
async def _open(port: int, path: str, token: str, count: int) -> AsyncIterator[list[Idle]]:
    loop = asyncio.get_running_loop()
    sockets: list[Idle] = []
    asks = request(path, token)
    async with asyncio.timeout(OPEN_SECONDS):
        for start in range(0, count, OPENED_AT_ONCE):
            made = [
                await loop.create_connection(lambda: Idle(asks), "127.0.0.1", port)
                for _ in range(min(OPENED_AT_ONCE, count - start))
            ]
            sockets += [socket for _, socket in made]
            for _, socket in made:
                await socket.open
    try:
        yield sockets
    finally:
        for socket in sockets:
            socket.close()
        for socket in sockets:
            await socket.lost


def _raise_limit(files: int) -> None:
    """Let this process, and those that it starts, hold so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        raise SystemExit(f"{files} open files are needed, and {hard} are allowed: see `ulimit -Hn`")
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))

"""Engines that misbehave, each named after how; they speak HTTP/1.1 on a Unix socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from eulermaker.engines.docker.connection import Connection


class FaultyEngine:
    """Answers pings like Engine 20.10, and all else with an empty object; the others differ in one way."""

    ping_headers = "Api-Version: 1.41\r\nOSType: linux\r\n"

    def __init__(self) -> None:
        #: The path of every request, in order.
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests until the client closes it or the engine misbehaves."""
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                while (await reader.readline()).strip():
                    pass  # The bodies of these requests do not matter: none is sent.
                self.asked.append(path)
                await self.answer(path, writer)
                await writer.drain()
        except ConnectionError:
            return  # The client went away first.
        finally:
            writer.close()

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Write the answer to one request."""
        if path == "/_ping":
            writer.write(response(b"OK", headers=self.ping_headers))
        else:
            await self.rest(path, writer)

    async def rest(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Write the answer to anything but a ping."""
        writer.write(response(b"{}"))


class SlowEngine(FaultyEngine):
    """Takes requests and never answers them."""

    async def rest(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Wait until the client gives up."""
        await asyncio.Event().wait()


class DeafEngine(SlowEngine):
    """Does not even answer pings."""

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Wait until the client gives up."""
        await self.rest(path, writer)


class VanishingEngine(FaultyEngine):
    """Breaks off in the middle of its answers."""

    async def rest(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Promise more than is sent."""
        writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"a": 1\n\r\n')
        await writer.drain()
        writer.close()


class DrippingEngine(FaultyEngine):
    """Sends each line by itself, a moment after the last."""

    async def rest(self, path: str, writer: asyncio.StreamWriter) -> None:
        """A hundred lines."""
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            writer.write(b"5\r\nline\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)
        writer.write(b"0\r\n\r\n")


class GarbageEngine(FaultyEngine):
    """Answers with JSON that is none."""

    async def rest(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Text where a document was promised."""
        writer.write(response(b"<html>welcome to the proxy</html>"))


class NonsenseEngine(FaultyEngine):
    """Speaks no HTTP at all."""

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Bytes."""
        writer.write(b"\x00\x01SSH-2.0-OpenSSH\r\n\r\n" * 4)
        await writer.drain()
        writer.close()


class BrokenEngine(FaultyEngine):
    """Answers everything with 500, as an engine whose storage is gone."""

    async def rest(self, path: str, writer: asyncio.StreamWriter) -> None:
        """An error that names what no client must see."""
        told = json.dumps({"message": "write /var/lib/docker/tmp: no space left on device"}).encode()
        writer.write(response(told, status="500 Internal Server Error"))


class StartingEngine(FaultyEngine):
    """Refuses even pings, as a proxy before an engine that is not up yet."""

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Not yet."""
        writer.write(response(b"starting", status="503 Service Unavailable"))


class OldEngine(FaultyEngine):
    """Speaks nothing newer than API 1.30 (Engine 17.06)."""

    ping_headers = "Api-Version: 1.30\r\n"


class FutureEngine(FaultyEngine):
    """Speaks versions that nobody knows yet, and down to 1.44 like Engine 29."""

    ping_headers = "Api-Version: 1.97\r\nBuilder-Version: 2\r\nOSType: linux\r\n"

    async def rest(self, path: str, writer: asyncio.StreamWriter) -> None:
        """Refuse old versions as Engine 29 does."""
        version = path.split("/")[1].removeprefix("v1.")
        if not version.isdigit() or int(version) < 44:
            told = b'{"message":"client version is too old. Minimum supported API version is 1.44"}'
            writer.write(response(told, status="400 Bad Request"))
        else:
            writer.write(response(b"{}"))


class SilentEngine(FaultyEngine):
    """Says nothing about its version."""

    ping_headers = ""


class BabblingEngine(FaultyEngine):
    """Says nonsense about its version."""

    ping_headers = "Api-Version: latest\r\n"


class PodmanEngine(FaultyEngine):
    """Imitates Docker's API without BuildKit."""

    ping_headers = "Api-Version: 1.41\r\nOSType: linux\r\nLibpod-API-Version: 5.0.0\r\n"


def response(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole HTTP response."""
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def listening(engine: FaultyEngine, folder: Path) -> AsyncIterator[Connection]:
    """A connection to the engine, which listens as long as the block lasts."""
    path = folder / f"{type(engine).__name__}.sock"
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        await engine.serve(reader, writer)

    server = await asyncio.start_unix_server(serve, path)
    connection = Connection(f"unix://{path}")
    try:
        yield connection
    finally:
        await connection.close()
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        path.unlink(missing_ok=True)

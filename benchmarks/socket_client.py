"""A follower that only counts, so that the server is what is measured.

`python -m benchmarks.socket_client PORT PATH TOKEN FOLLOWERS` follows PATH with so many sockets at once and
prints what each of them got. Written on a bare asyncio protocol (RFC 6455 §5.2): a WebSocket library decodes
and copies every frame, and would be slower than the server.
"""

import asyncio
import base64
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

FIRST_FIELD = b'{"seq":'
END = b'"type":"end"'
TEXT = 0x1


@dataclass(frozen=True, slots=True)
class Received:
    """What one follower got: frames, the lines in them, and the seconds from the request to the end."""

    frames: int
    lines: int
    seconds: float
    end: str


class Follower(asyncio.Protocol):
    """Counts text frames and the lines in them until the frame that says it is the last one."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._started = time.perf_counter()
        self._rest = b""
        self._open = False
        self._frames = self._lines = 0
        self.done: asyncio.Future[Received] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the socket."""
        # uvloop's transports do not descend from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count the frames that are whole."""
        data = self._rest + data if self._rest else data
        start = 0 if self._open else self._after_handshake(data)
        self._rest = data[self._count(data, start) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail a follower that was not told the end."""
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"cut off after {self._frames} frames: {exc}"))

    def _after_handshake(self, data: bytes) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return 0
        if not data.startswith(b"HTTP/1.1 101"):
            self.done.set_exception(ConnectionError(data.decode(errors="replace")))
            self._transport.close()
        self._open = True
        return end + 4

    def _count(self, data: bytes, position: int) -> int:
        """Count from a position on; tells where the first frame starts that is not whole."""
        size = len(data) if self._open else 0
        while position + 10 <= size or (position + 2 <= size and data[position + 1] < 126):
            length, start = data[position + 1], position + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2]), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8]), start + 8
            if start + length > size:
                break
            if data[position] & 0xF == TEXT:
                self._frame(data, start, start + length)
            position = start + length
        return position

    def _frame(self, data: bytes, start: int, end: int) -> None:
        if end - start < 100 and data.find(END, start, end) >= 0 and not self.done.done():
            seconds = time.perf_counter() - self._started
            text = data[start:end].decode()
            self.done.set_result(Received(self._frames, self._lines, seconds, text))
            self._transport.close()
            return
        self._frames += 1
        self._lines += data.count(FIRST_FIELD, start, end)


def request(path: str, token: str) -> bytes:
    """The handshake that asks for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


async def follow(port: int, path: str, token: str, followers: int) -> list[Received]:
    """What each follower got."""
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Follower(request(path, token)), "127.0.0.1", port)
        for _ in range(followers)
    ]
    return [await follower.done for _, follower in made]


if __name__ == "__main__":
    received = uvloop.run(follow(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
    print(json.dumps([asdict(one) for one in received]))

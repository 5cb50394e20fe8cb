"""uvicorn's HTTP with fewer writes: the head of an answer and its body leave together.

uvicorn writes each of them as it comes, which costs the system call twice and wakes the client twice.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_GATHERED = 64 * 1024


class LeanHttp(HttpToolsProtocol):
    """HTTP over a transport that joins what is written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Serve a connection."""
        super().connection_made(Joined(transport, self.loop))

    def handle_websocket_upgrade(self) -> None:
        """Go on as a socket, which writes its frames whole."""
        assert isinstance(self.transport, Joined)
        self.transport = self.transport.plain
        super().handle_websocket_upgrade()


class Joined(asyncio.Transport):
    """A transport that writes at once what is given to it in one turn of the event loop."""

    __slots__ = ("_loop", "_size", "_waiting", "plain")

    def __init__(self, plain: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.plain = plain
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write with what else comes now, but let no more gather than is worth it."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(bytes(data))
        self._size += len(data)
        if self._size > MAX_GATHERED:
            # Whoever goes on without a turn of the loop is told by the write that the client is slow.
            self._flush()

    def close(self) -> None:
        """Close once everything is written."""
        self._flush()
        self.plain.close()

    def abort(self) -> None:
        """Close at once."""
        self._waiting.clear()
        self.plain.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self.plain.is_closing()

    def pause_reading(self) -> None:
        """Take nothing off the connection."""
        self.plain.pause_reading()

    def resume_reading(self) -> None:
        """Take what comes again."""
        self.plain.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self.plain.get_extra_info(name, default)

    def _flush(self) -> None:
        if self._waiting:
            waiting, self._waiting, self._size = self._waiting, [], 0
            self.plain.write(b"".join(waiting))

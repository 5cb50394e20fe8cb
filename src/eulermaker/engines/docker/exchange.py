"""Short exchanges with an engine: a request, its whole answer, over connections that are kept.

Most that is asked of an engine is a few hundred bytes each way. aiohttp takes three times the processor
for it that the engine's answer costs; it stays in use for what streams.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode, urlsplit

import httptools

Query = Mapping[str, str] | Sequence[tuple[str, str]]

CONNECT_SECONDS = 3.0
MAX_BODY = 64 * 1024 * 1024
#: Connections that nobody uses are kept for so long, and so many of them.
KEPT_SECONDS = 15.0
KEPT = 32
_TARGET = re.compile(r"/[!-~]*")


class Answer(NamedTuple):
    """What the engine answered."""

    status: int
    body: bytes


class Exchanges:
    """Short exchanges with the engine at `unix://…` or `tcp://…`."""

    def __init__(self, host: str) -> None:
        self._parts = urlsplit(host)
        self._free: list[_Line] = []

    async def ask(
        self, method: str, path: str, query: Query | None = None, body: Any = None, *, seconds: float
    ) -> Answer:
        """The answer to a request, with a JSON body if there is one, within so many seconds.

        Raises OSError and TimeoutError. What may be asked twice is, when a kept connection turns out
        to have been closed.
        """
        request = self._request(method, f"{path}?{urlencode(query)}" if query else path, body)
        async with asyncio.timeout(seconds):
            kept = self._kept()
            if kept is not None:
                try:
                    return await self._over(kept, request)
                except ConnectionError:
                    if method != "GET" or kept.answering:
                        raise
            return await self._over(await self._connect(), request)

    async def close(self) -> None:
        """Close the kept connections."""
        while self._free:
            self._free.pop().close()
        # They end in the next turn of the loop, which may be the last one.
        await asyncio.sleep(0)

    async def _over(self, line: "_Line", request: bytes) -> Answer:
        try:
            answer = await line.ask(request)
        except BaseException:
            # The rest of the answer may still come: nobody else may take it for his.
            line.close()
            raise
        if line.open and len(self._free) < KEPT:
            line.free_since = time.monotonic()
            self._free.append(line)
        else:
            line.close()
        return answer

    def _kept(self) -> "_Line | None":
        while self._free:
            line = self._free.pop()
            if line.open and time.monotonic() - line.free_since < KEPT_SECONDS:
                return line
            line.close()
        return None

    async def _connect(self) -> "_Line":
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            if self._parts.scheme == "unix":
                return (await loop.create_unix_connection(_Line, self._parts.path))[1]
            host, port = self._parts.hostname or "", self._parts.port or 2375
            return (await loop.create_connection(_Line, host, port))[1]

    def _request(self, method: str, target: str, body: Any) -> bytes:
        if not _TARGET.fullmatch(target):
            raise ValueError(f"no target of a request: {target!r}")
        authority = "docker" if self._parts.scheme == "unix" else self._parts.netloc
        head = f"{method} {target} HTTP/1.1\r\nHost: {authority}\r\n"
        if body is None:
            length = "Content-Length: 0\r\n" if method == "POST" else ""
            return f"{head}{length}\r\n".encode()
        content = json.dumps(body).encode()
        about = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        return f"{head}{about}".encode() + content


class _Line(asyncio.Protocol):
    """One connection: one request at a time, and its whole answer (RFC 9112 §6)."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._body = bytearray()
        self.free_since = 0.0
        #: Whether another request may be asked.
        self.open = True
        #: Whether something of an answer has come.
        self.answering = False

    async def ask(self, request: bytes) -> Answer:
        """The answer; raises ConnectionError when the connection ends before it does."""
        self.answering = False
        self._body = bytearray()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        self.open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to ask."""
        # uvloop's transports do not descend from asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take what has come of the answer."""
        self.answering = True
        if self._answer is None:
            # Nobody has asked.
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._lose(ConnectionError(f"no HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The engine has closed it, or we have."""
        self._lose(ConnectionError(f"closed: {exc}"))

    def on_body(self, body: bytes) -> None:
        """A piece of the answer."""
        self._body += body
        if len(self._body) > MAX_BODY:
            self._lose(ConnectionError("more than anybody asks for"))

    def on_message_complete(self) -> None:
        """The answer is whole."""
        answer, self._answer = self._answer, None
        self.open = self.open and self._parser.should_keep_alive()
        if answer is not None and not answer.done():
            answer.set_result(Answer(self._parser.get_status_code(), bytes(self._body)))

    def _lose(self, error: ConnectionError) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self.close()

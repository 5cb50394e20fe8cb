"""Connections that the engine turns into raw byte streams (`Upgrade: tcp`), for exec and attach."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio

from eulermaker.engines.docker.connection import EngineAnswer
from eulermaker.engines.port import ENGINE_UNAVAILABLE

HANDSHAKE_SECONDS = 30.0
MAX_HEAD = 64 * 1024
READ_LIMIT = 256 * 1024


class RawStream:
    """The two ways of a hijacked connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, size: int) -> bytes:
        """The next bytes; empty at the end, also when the engine is gone."""
        try:
            return await self._reader.read(size)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send bytes; raises `engine-unavailable` when nobody reads them any more."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise ENGINE_UNAVAILABLE() from error

    async def close_input(self) -> None:
        """Send the end of the stream."""
        if self._writer.can_write_eof():
            self._writer.write_eof()


@asynccontextmanager
async def hijacked(host: str, path: str, body: Mapping[str, Any]) -> AsyncIterator[RawStream]:
    """POST the body and take the connection over.

    Raises EngineAnswer when the engine refuses, and `engine-unavailable`.
    """
    reader, writer = await _connect(host)
    try:
        try:
            with anyio.fail_after(HANDSHAKE_SECONDS):
                await _shake_hands(reader, writer, path, body)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            raise ENGINE_UNAVAILABLE() from error
        yield RawStream(reader, writer)
    finally:
        writer.close()


async def _connect(host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(host)
    try:
        if parts.scheme == "unix":
            return await asyncio.open_unix_connection(parts.path, limit=READ_LIMIT)
        return await asyncio.open_connection(parts.hostname, parts.port or 2375, limit=READ_LIMIT)
    except OSError as error:
        raise ENGINE_UNAVAILABLE() from error


async def _shake_hands(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: Mapping[str, Any]
) -> None:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
        f"Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    writer.write(head.encode() + content)
    await writer.drain()
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, _, headers = answer.partition("\r\n")
    status = int(status_line.split(" ", 2)[1])
    # Engines answer 101; very old ones 200 with the stream following all the same.
    if status not in (101, 200):
        raise EngineAnswer(status, await _error(reader, headers))


async def _error(reader: asyncio.StreamReader, headers: str) -> str:
    length = 0
    for line in headers.lower().split("\r\n"):
        name, _, value = line.partition(":")
        if name == "content-length" and value.strip().isdigit():
            length = min(MAX_HEAD, int(value))
    body = await reader.readexactly(length)
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace")

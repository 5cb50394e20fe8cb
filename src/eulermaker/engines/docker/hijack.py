"""Connections that the engine turns into raw byte streams (`Upgrade: tcp`), for exec and attach."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
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
async def hijacked(
    host: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    protocol: str = "tcp",
    headers: Sequence[tuple[str, str]] = (),
) -> AsyncIterator[RawStream]:
    """POST the body and take the connection over, to speak that protocol on it.

    Raises EngineAnswer when the engine refuses, and `engine-unavailable`.
    """
    reader, writer = await _connect(host)
    try:
        try:
            with anyio.fail_after(HANDSHAKE_SECONDS):
                head = _head(path, body, protocol=protocol, headers=headers)
                await _shake_hands(reader, writer, head)
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


def _head(
    path: str, body: Mapping[str, Any] | None, *, protocol: str, headers: Sequence[tuple[str, str]]
) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    told = [
        ("Host", "docker"),
        ("Content-Type", "application/json"),
        ("Connection", "Upgrade"),
        ("Upgrade", protocol),
        ("Content-Length", str(len(content))),
        *headers,
    ]
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told), "", ""]
    return "\r\n".join(lines).encode() + content


async def _shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
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

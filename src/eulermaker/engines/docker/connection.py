"""HTTP to a Docker Engine: one negotiated API version, faults instead of exceptions.

Written on aiohttp rather than on a Docker library: the libraries wrap only the classic builder,
and their streams end silently where ours have to say why.
"""

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from eulermaker.engines.docker.exchange import Answer, Exchanges, Query
from eulermaker.engines.port import ENGINE_INCOMPATIBLE, ENGINE_REFUSED, ENGINE_UNAVAILABLE

log = structlog.get_logger("eulermaker.engine")

NEWEST = (1, 51)
OLDEST = (1, 40)
ANSWER_SECONDS = 60.0
PING_SECONDS = 3.0
MAX_MESSAGE = 64 * 1024 * 1024
BUFFER = 64 * 1024
NOT_MODIFIED = 304


class EngineAnswer(Exception):
    """The engine answered with an error status; its message is for the log only."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Connection:
    """Requests to one engine at `unix://…` or `tcp://…`."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._session: aiohttp.ClientSession | None = None
        self._exchanges = Exchanges(host)
        self._version: str | None = None
        self._buildkit = False

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._exchanges.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def api_version(self) -> str:
        """The newest API version that both sides speak; asked once per engine that answers."""
        if self._version is None:
            await self.ping()
        assert self._version is not None
        return self._version

    async def buildkit(self) -> bool:
        """Whether the engine builds with BuildKit."""
        await self.api_version()
        return self._buildkit

    async def ping(self) -> None:
        """Ask for a sign of life and settle the version; the engine may be another one by now."""
        with _told():
            timeout = aiohttp.ClientTimeout(total=PING_SECONDS)
            async with self._open().get(self._url("/_ping"), timeout=timeout) as response:
                headers = response.headers
                if response.status != 200:
                    raise ENGINE_UNAVAILABLE()
        theirs = _version(headers.get("Api-Version", "1.40"))
        if theirs < OLDEST:
            raise ENGINE_INCOMPATIBLE(minimum="?", maximum=_dotted(theirs))
        self._version = _dotted(min(theirs, NEWEST))
        self._buildkit = _has_buildkit(headers)

    async def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON document at that path; raises EngineAnswer for an error status."""
        return _json((await self.exchange("GET", path, query)).body)

    async def post(
        self, path: str, query: Query | None = None, body: Any = None, *, seconds: float = ANSWER_SECONDS
    ) -> Any:
        """What the engine answers to a JSON body; None when it answers nothing."""
        return _json((await self.exchange("POST", path, query, body, seconds=seconds)).body)

    async def delete(self, path: str, query: Query | None = None) -> None:
        """Delete what is at that path."""
        await self.exchange("DELETE", path, query)

    async def exchange(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """The whole answer to a JSON body; raises EngineAnswer for an error status."""
        version = await self.api_version()
        with _told():
            answer = await self._exchanges.ask(method, f"/v{version}{path}", query, body, seconds=seconds)
        if answer.status >= 300 and answer.status != NOT_MODIFIED:
            raise _refusal(answer.status, answer.body)
        return answer

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        json_body: Any = None,
        stream: AsyncIterable[bytes] | None = None,
        seconds: float | None = ANSWER_SECONDS,
        buffer: int = BUFFER,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An open response to what streams; `seconds` bounds the whole of it, None leaves it to the caller.

        About `buffer` bytes are taken from the engine ahead of what is read.

        Raises EngineAnswer for an error status. Its body is read with `lines` and `chunks`, which
        tell the engine's loss from the caller's own errors.
        """
        version = await self.api_version()
        headers = {"Content-Type": "application/x-tar"} if stream is not None else None
        with _told():
            response = await self._open().request(
                method,
                self._url(f"/v{version}{path}"),
                params=query,
                json=json_body,
                data=stream,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=PING_SECONDS),
                read_bufsize=buffer,
            )
        async with response:
            if response.status >= 400:
                with _told():
                    body = await response.content.read(64 * 1024)
                raise _refusal(response.status, body)
            yield response

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            parts = urlsplit(self.host)
            connector: aiohttp.BaseConnector = (
                aiohttp.UnixConnector(parts.path, limit=0)
                if parts.scheme == "unix"
                else aiohttp.TCPConnector(limit=0)
            )
            # Archives pass through as they are: the engine must not pack them on its way to us.
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=False, headers={"Accept-Encoding": "identity"}
            )
        return self._session

    def _url(self, path: str) -> str:
        parts = urlsplit(self.host)
        authority = "docker" if parts.scheme == "unix" else parts.netloc
        return f"http://{authority}{path}"


def _has_buildkit(headers: Mapping[str, str]) -> bool:
    # `Builder-Version` names the default builder only: Engine 20.10 leaves it out and still has
    # BuildKit. Windows engines and Podman's imitation of the API have none.
    if headers.get("Builder-Version") == "2":
        return True
    return headers.get("OSType") == "linux" and "Libpod-API-Version" not in headers


async def lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The lines of a response as they come, each at most 64 MiB."""
    rest = bytearray()
    with _told():
        async for chunk in response.content.iter_any():
            rest += chunk
            if b"\n" not in chunk:
                if len(rest) > MAX_MESSAGE:
                    raise ENGINE_REFUSED()
                continue
            *whole, last = rest.split(b"\n")
            rest = last
            for line in whole:
                yield bytes(line)
    if rest.strip():
        yield bytes(rest)


async def chunks(response: aiohttp.ClientResponse, size: int) -> AsyncIterator[bytes]:
    """The body of a response as it comes, in pieces of at most `size` bytes."""
    with _told():
        async for chunk in response.content.iter_chunked(size):
            yield chunk


async def chunks_or_silence(
    response: aiohttp.ClientResponse, size: int, *, seconds: float, rest: float = 0.0
) -> AsyncIterator[bytes]:
    """As `chunks`, and empty bytes each time that nothing has come for so long.

    After each piece what follows is left to gather for `rest` seconds: an engine sends line by line, and
    one piece costs more than a hundred lines do.
    """
    while not response.content.at_eof():
        with _told():
            try:
                async with asyncio.timeout(seconds):
                    data = await response.content.read(size)
            except TimeoutError:
                data = b""
        yield data
        if data and rest:
            await asyncio.sleep(rest)


class _told:
    """Turns the loss of the engine into its fault."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        match error:
            case aiohttp.ClientError() | TimeoutError() | OSError():
                raise ENGINE_UNAVAILABLE() from error
            case _:
                return


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body.strip() else None
    except ValueError as error:
        raise ENGINE_REFUSED() from error


def _refusal(status: int, body: bytes) -> EngineAnswer:
    message = _message(body)
    if status >= 500:
        log.warning("engine.refused", status=status, message=message)
    return EngineAnswer(status, message)


def _message(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace").strip()
    return str(told.get("message", told)) if isinstance(told, dict) else str(told)


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else OLDEST


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"

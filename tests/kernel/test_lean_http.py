"""HTTP in few writes, over a real server: answers arrive whole, in order, and not later than they have to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from eulermaker.kernel.lean_http import MAX_GATHERED, Joined, LeanHttp
from tests.server import free_port

pytestmark = pytest.mark.anyio
SECONDS = 10
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Recorder(asyncio.Transport):
    """A transport that keeps what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written.append(bytes(data))

    def close(self) -> None:
        """Be closed."""
        self.closed = True

    abort = close


async def _start(send: Send, length: int | None = None) -> None:
    headers = [] if length is None else [(b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server of that application."""
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=LeanHttp, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as group:
        group.start_soon(server.serve)
        with anyio.fail_after(SECONDS):
            while not server.started:  # noqa: ASYNC110  # uvicorn tells it in no other way
                await anyio.sleep(0.01)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            yield reader, writer
        writer.close()
        server.should_exit = True


async def test_the_head_and_the_body_of_an_answer_are_one_write() -> None:
    recorder = Recorder()
    joined = Joined(recorder, asyncio.get_running_loop())
    joined.write(b"head ")
    joined.write(b"body")
    assert recorder.written == []
    await asyncio.sleep(0)
    assert recorder.written == [b"head body"]


async def test_what_waits_is_written_before_the_end_and_dropped_when_it_is_cut() -> None:
    recorder = Recorder()
    joined = Joined(recorder, asyncio.get_running_loop())
    joined.write(b"last words")
    joined.close()
    assert (recorder.written, recorder.closed) == ([b"last words"], True)
    cut = Recorder()
    joined = Joined(cut, asyncio.get_running_loop())
    joined.write(b"last words")
    joined.abort()
    await asyncio.sleep(0)
    assert (cut.written, cut.closed) == ([], True)


async def test_no_more_gathers_than_is_worth_it() -> None:
    recorder = Recorder()
    joined = Joined(recorder, asyncio.get_running_loop())
    joined.write(bytes(MAX_GATHERED))
    joined.write(b"!")
    assert recorder.written == [bytes(MAX_GATHERED) + b"!"]


async def test_pipelined_answers_arrive_in_order() -> None:
    number = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal number
        number += 1
        body = b"answer %d" % number
        await _start(send, len(body))
        await send({"type": "http.response.body", "body": body})

    async with serving(app) as (reader, writer):
        writer.write(GET * 3)
        for expected in (b"answer 1", b"answer 2", b"answer 3"):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(len(expected)) == expected


async def test_the_head_does_not_wait_for_a_body_that_is_not_there_yet() -> None:
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await _start(send)
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"at last"})

    async with serving(app) as (reader, writer):
        writer.write(GET)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        go_on.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"7\r\nat last\r\n0\r\n\r\n"


async def test_who_writes_without_rest_is_held_back_by_a_client_that_does_not_read() -> None:
    sent, chunk = 0, bytes(16 * 1024)
    gone = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await _start(send)
        for _ in range(4096):
            if gone.is_set():
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            sent += len(chunk)

    async with serving(app) as (_, writer):
        writer.write(GET)
        before = -1
        while before != sent or not sent:
            before = sent
            await anyio.sleep(0.2)
        assert sent < 32 * 1024 * 1024
        gone.set()
        writer.transport.abort()

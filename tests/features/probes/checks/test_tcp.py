"""TCP checks against real servers."""

import asyncio
import socket

import anyio
import pytest

from eulermaker.features.probes.checks.target import Reaching
from tests.features.probes.checks.asking import SHORT, failure, success, tcp
from tests.features.probes.checks.conftest import HERE
from tests.features.probes.checks.servers import resetting, serving, silent, unused_port

pytestmark = pytest.mark.anyio


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet in pieces, then echo a line."""
    for piece in (b"220 ma", b"il.example ESM", b"TP\r\n"):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(b"echo " + await reader.readline())
    await writer.drain()
    await asyncio.Event().wait()


async def test_a_connection_is_enough(reaching: Reaching) -> None:
    async with serving(silent) as port:
        verdict = await tcp(reaching, HERE, host="127.0.0.1", port=port)
    assert success(verdict) == {}


async def test_nothing_is_left_of_a_connection(reaching: Reaching) -> None:
    async with serving(silent) as port:
        for _ in range(50):
            success(await tcp(reaching, HERE, host="127.0.0.1", port=port))
        table = await anyio.Path("/proc/net/tcp").read_text()
    # The table's state 06 is TIME_WAIT.
    waiting = [line for line in table.splitlines() if f":{port:04X} 06" in line]
    assert waiting == []


async def test_a_greeting_is_awaited(reaching: Reaching) -> None:
    async with serving(greeting) as port:
        details = success(await tcp(reaching, HERE, host="127.0.0.1", port=port, expect=r"^220 .*ESMTP"))
    assert details["response"].startswith("220 mail.example ESMTP")


async def test_words_are_said(reaching: Reaching) -> None:
    async with serving(greeting) as port:
        success(await tcp(reaching, HERE, host="127.0.0.1", port=port, send="PING\r\n", expect="echo PING"))


async def test_other_words_than_expected(reaching: Reaching) -> None:
    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 too busy\r\n")
        await writer.drain()

    async with serving(refusing) as port:
        verdict = await tcp(reaching, HERE, host="127.0.0.1", port=port, expect="^220")
    assert failure(verdict) == "unexpected response"
    assert verdict.details["response"] == "421 too busy\r\n"


async def test_no_word_comes(reaching: Reaching) -> None:
    async with serving(silent) as port:
        verdict = await tcp(reaching, HERE, host="127.0.0.1", port=port, expect="^220", seconds=SHORT)
    assert failure(verdict) == "timeout"
    assert verdict.details["phase"] == "receive"


async def test_words_without_end_end_at_their_bound(reaching: Reaching) -> None:
    async def babbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"blah " * 1000)
            await writer.drain()

    async with serving(babbling) as port:
        verdict = await tcp(reaching, HERE, host="127.0.0.1", port=port, expect="needle")
    assert failure(verdict) == "unexpected response"


async def test_resets_and_refusals(reaching: Reaching) -> None:
    async with serving(resetting) as port:
        verdict = await tcp(reaching, HERE, host="127.0.0.1", port=port, send="x", expect="y")
    assert failure(verdict) == "connection reset"
    assert failure(await tcp(reaching, HERE, host="127.0.0.1", port=unused_port())) == "connection refused"


async def test_a_full_queue_times_out(reaching: Reaching) -> None:
    # Nobody accepts, and one connection fills the queue: the next ones get no answer at all.
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(listening.getsockname())
        verdict = await tcp(reaching, HERE, host="127.0.0.1", port=listening.getsockname()[1], seconds=SHORT)
    assert failure(verdict) == "timeout"
    assert verdict.details["phase"] == "connect"

"""Short exchanges: answers whole, connections kept, and nobody gets another one's answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from eulermaker.engines.docker import exchange
from eulermaker.engines.docker.exchange import Exchanges

pytestmark = pytest.mark.anyio
SECONDS = 10
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def _answer(body: bytes, *, head: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class ScriptedEngine:
    """Answers what is asked on a connection with its next answer, and at last waits or hangs up."""

    def __init__(self, *connections: Sequence[bytes], hang_up: bool = False) -> None:
        self._connections = list(connections)
        self._hang_up = hang_up
        self.asked: list[bytes] = []
        self.opened = 0
        self.hung_up = asyncio.Event()
        self._serving: set[asyncio.Task[None] | None] = set()

    async def gone(self) -> None:
        """Return when no connection is open any more."""
        await asyncio.gather(*(task for task in self._serving if task is not None))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._serving.add(asyncio.current_task())
        answers = self._connections[min(self.opened, len(self._connections) - 1)]
        self.opened += 1
        for answer in answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]
            length = int(lengths[0].split()[1]) if lengths else 0
            self.asked.append(head + await reader.readexactly(length))
            writer.write(answer)
        else:
            if not self._hang_up:
                await reader.read()
        writer.close()
        self.hung_up.set()


@asynccontextmanager
async def asking(engine: ScriptedEngine, work: Path) -> AsyncIterator[Exchanges]:
    """Exchanges with that engine."""
    path = work / "e.sock"
    server = await asyncio.start_unix_server(engine.serve, path)
    exchanges = Exchanges(f"unix://{path}")
    try:
        with anyio.fail_after(SECONDS):
            yield exchanges
    finally:
        await exchanges.close()
        server.close()
        await engine.gone()


async def test_one_connection_serves_one_exchange_after_the_other(tmp_path: Path) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4\r\nmore\r\n0\r\n\r\n"
    engine = ScriptedEngine([_answer(b"first"), EMPTY, chunked])
    async with asking(engine, tmp_path) as exchanges:
        assert await exchanges.ask("GET", "/a", {"all": "tr ue&"}, seconds=SECONDS) == (200, b"first")
        assert await exchanges.ask("POST", "/b", seconds=SECONDS) == (204, b"")
        assert await exchanges.ask("POST", "/c", None, {"x": 1}, seconds=SECONDS) == (200, b"onemore")
    assert engine.opened == 1
    first, second, third = engine.asked
    assert first == b"GET /a?all=tr+ue%26 HTTP/1.1\r\nHost: docker\r\n\r\n"
    assert second == b"POST /b HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n"
    assert third.endswith(b'Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{"x": 1}')


async def test_a_connection_that_the_engine_closes_is_not_used_again(tmp_path: Path) -> None:
    engine = ScriptedEngine([_answer(b"x", head="Connection: close\r\n")])
    async with asking(engine, tmp_path) as exchanges:
        for _ in range(3):
            assert await exchanges.ask("POST", "/", seconds=SECONDS) == (200, b"x")
    assert engine.opened == 3


async def test_only_what_changes_nothing_is_asked_again_when_a_kept_connection_breaks(tmp_path: Path) -> None:
    # The first connection takes a second request and hangs up instead of answering it.
    engine = ScriptedEngine([_answer(b"1"), b""], [_answer(b"2")], hang_up=True)
    async with asking(engine, tmp_path) as exchanges:
        assert (await exchanges.ask("GET", "/", seconds=SECONDS)).body == b"1"
        assert (await exchanges.ask("GET", "/", seconds=SECONDS)).body == b"2"
    engine = ScriptedEngine([_answer(b"1"), b""], [_answer(b"2")], hang_up=True)
    (tmp_path / "other").mkdir()
    async with asking(engine, tmp_path / "other") as exchanges:
        await exchanges.ask("GET", "/", seconds=SECONDS)
        with pytest.raises(ConnectionError):
            await exchanges.ask("POST", "/", seconds=SECONDS)
    assert len(engine.asked) == 2


async def test_half_an_answer_is_a_loss_and_not_asked_for_again(tmp_path: Path) -> None:
    engine = ScriptedEngine([_answer(b"1"), _answer(b"whole")[:-2]], hang_up=True)
    async with asking(engine, tmp_path) as exchanges:
        await exchanges.ask("GET", "/", seconds=SECONDS)
        with pytest.raises(ConnectionError):
            await exchanges.ask("GET", "/", seconds=SECONDS)
    assert engine.opened == 1


async def test_nobody_gets_the_answer_of_one_who_gave_up(tmp_path: Path) -> None:
    engine = ScriptedEngine([b"", _answer(b"late")], [_answer(b"mine")])
    async with asking(engine, tmp_path) as exchanges:
        with pytest.raises(TimeoutError):
            await exchanges.ask("GET", "/slow", seconds=0.05)
        with anyio.move_on_after(0.05):
            engine.opened = 0
            await exchanges.ask("GET", "/abandoned", seconds=SECONDS)
        engine.opened = 1
        assert (await exchanges.ask("GET", "/", seconds=SECONDS)).body == b"mine"


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 two hundred\r\n\r\n"])
async def test_what_is_no_http_is_a_loss(answer: bytes, tmp_path: Path) -> None:
    async with asking(ScriptedEngine([answer]), tmp_path) as exchanges:
        with pytest.raises(ConnectionError):
            await exchanges.ask("GET", "/", seconds=SECONDS)


async def test_no_answer_is_longer_than_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_BODY", 10)
    async with asking(ScriptedEngine([_answer(bytes(11))]), tmp_path) as exchanges:
        with pytest.raises(ConnectionError):
            await exchanges.ask("GET", "/", seconds=SECONDS)


async def test_no_more_connections_are_kept_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "KEPT", 1)
    engine = ScriptedEngine([_answer(b"x")])
    async with asking(engine, tmp_path) as exchanges:
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(lambda: exchanges.ask("GET", "/", seconds=SECONDS))
        await engine.hung_up.wait()
    assert engine.opened == 2


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/ä", "no/slash"])
async def test_a_path_never_becomes_another_request(path: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="target"):
        await Exchanges(f"unix://{tmp_path}/none").ask("GET", path, seconds=SECONDS)

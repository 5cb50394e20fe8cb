"""Sockets that carry little, over a real server: what uvicorn promises holds, and what is left goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from eulermaker.kernel.lean_socket import LeanSocket
from eulermaker.kernel.sockets import CarryOn, Line, Place, Places, Sockets, Work
from eulermaker.kernel.telemetry import Metrics

pytestmark = pytest.mark.anyio
SECONDS = 10
USER = "user_1"


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(SECONDS):
        while not holds():  # noqa: ASYNC110  # neither server nor metrics tell when they change
            await anyio.sleep(0.01)


async def talk(line: Line) -> None:
    while True:
        await line.send_text("too late")
        await asyncio.sleep(0)


Endpoint = Callable[[WebSocket], Awaitable[None]]


class House:
    """A server with one kind of socket."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.sockets = Sockets(self.metrics)
        self.places = Places(5, None)
        self.url = ""

    @property
    def open(self) -> float:
        """How many sockets are open."""
        return self.metrics.registry.get_sample_value("eulermaker_open_websockets") or 0

    async def take(self, websocket: WebSocket) -> None:
        """Accept a socket in a place of its user's."""
        websocket.scope["state"]["place"] = place = Place()
        await self.places.take(place, USER)
        await websocket.accept()

    def leaving(self, work: Work) -> Endpoint:
        """A route that leaves its socket to that work."""

        async def leave(websocket: WebSocket) -> None:
            await self.take(websocket)
            self.sockets.leave(websocket, work)

        return leave

    @asynccontextmanager
    async def serving(self, endpoint: Endpoint) -> AsyncIterator[aiohttp.ClientSession]:
        """A client of the server while it runs."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await endpoint(WebSocket(scope, receive, send))

        served = CarryOn(app, self.sockets, self.places)
        config = uvicorn.Config(
            served, port=0, ws=LeanSocket, lifespan="off", log_config=None, log_level="error"
        )
        server = uvicorn.Server(config)
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve)
            await until(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
                yield client
            server.should_exit = True

    async def until_empty(self) -> None:
        """Return when no socket is open and no place is taken."""
        await until(lambda: not self.open and not self.places.held_by(USER))


@pytest.fixture
def house() -> House:
    return House()


async def test_messages_come_whole_and_in_order(house: House) -> None:
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            await websocket.send({**message, "type": "websocket.send"})

    async with house.serving(echo) as client, client.ws_connect("/") as socket:
        sent = [f"{n}: " + "中" * (n % 300) for n in range(500)]
        for text in sent:
            await socket.send_str(text)
        assert [await socket.receive_str(timeout=SECONDS) for _ in sent] == sent
        await socket.send_bytes(b"\0" * 300_000)
        assert await socket.receive_bytes(timeout=SECONDS) == b"\0" * 300_000


async def test_a_slow_client_holds_its_sender_back_and_gets_everything(house: House) -> None:
    sent = 0

    async def flood(websocket: WebSocket) -> None:
        nonlocal sent
        await websocket.accept()
        for _ in range(400):
            await websocket.send_bytes(bytes(64 * 1024))
            sent += 1
        await websocket.close()

    async with house.serving(flood) as client, client.ws_connect("/") as socket:
        await asyncio.sleep(0.3)
        held_back = sent
        received = [message async for message in socket]
    assert held_back < 400
    assert len(received) == 400


async def test_what_was_left_tells_until_it_is_done(house: House) -> None:
    async def count(line: Line) -> None:
        for n in range(3):
            await line.send_text(str(n))
            await asyncio.sleep(0)

    async with house.serving(house.leaving(count)) as client, client.ws_connect("/") as socket:
        assert [message.data async for message in socket] == ["0", "1", "2"]
        assert socket.close_code == 1000
        await house.until_empty()


async def test_a_client_that_goes_away_ends_what_was_left_and_frees_its_place(house: House) -> None:
    ended = asyncio.Event()

    async def wait(line: Line) -> None:
        try:
            await line.send_text("hello")
            await anyio.sleep_forever()
        finally:
            ended.set()

    async with house.serving(house.leaving(wait)) as client:
        for polite in (True, False):
            async with client.ws_connect("/") as socket:
                assert await socket.receive_str(timeout=SECONDS) == "hello"
                assert (house.open, house.places.held_by(USER)) == (1, 1)
                if polite:
                    await socket.close()
                else:
                    assert socket._response.connection is not None
                    socket._response.connection.close()
                await asyncio.wait_for(ended.wait(), SECONDS)
            await house.until_empty()
            ended.clear()


async def test_a_client_that_talks_is_not_listened_to_and_its_end_is_noticed(house: House) -> None:
    async def wait(line: Line) -> None:
        await line.send_text("hello")
        await anyio.sleep_forever()

    async with house.serving(house.leaving(wait)) as client:
        async with client.ws_connect("/") as socket:
            # Some of it comes before anybody could say that nobody listens.
            for _ in range(100):
                await socket.send_str("x" * 10_000)
            assert await socket.receive_str(timeout=SECONDS) == "hello"
            await socket.send_str("still here")
            await socket.ping()
        await house.until_empty()


async def test_the_server_says_goodbye_to_what_was_left(house: House) -> None:
    async def wait(line: Line) -> None:
        await line.send_text("hello")
        await anyio.sleep_forever()

    async with house.serving(house.leaving(wait)) as client, client.ws_connect("/") as socket:
        assert await socket.receive_str(timeout=SECONDS) == "hello"
        house.sockets.close_all()
        assert (await socket.receive(timeout=SECONDS)).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1001
        await house.until_empty()


async def test_telling_a_client_that_is_gone_ends_quietly(house: House) -> None:
    gone = asyncio.Event()

    async def tell(line: Line) -> None:
        with anyio.CancelScope(shield=True):
            await gone.wait()
            with pytest.raises(WebSocketDisconnect):
                await talk(line)

    async with house.serving(house.leaving(tell)) as client:
        async with client.ws_connect("/"):
            pass
        gone.set()
        await house.until_empty()

"""The open WebSockets: each is a session that ends with a reason, and takes one of its user's places."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from eulermaker.kernel.faults import Answer, Entry, Kind
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.lean_socket import WHEN_GONE, WhenGone
from eulermaker.kernel.redis import Redis, RedisAway
from eulermaker.kernel.telemetry import Metrics

NORMAL, GOING_AWAY, ABNORMAL, POLICY_VIOLATION = 1000, 1001, 1006, 1008
FAREWELL = "server is shutting down"
REVOKED = "the session has ended"
CLOSE_SECONDS = 1.0
GIVE_BACK_SECONDS = 2.0
#: What a process that is killed holds in Redis is free after this time.
LEASE_SECONDS = 10.0

TOO_MANY_SOCKETS = Entry(
    "too-many-sockets",
    Kind.LIMITED,
    zh="已打开 {limit} 个 WebSocket 连接，达到上限，请关闭不用的连接后重试",
    en="You have {limit} WebSockets open, which is the limit; close one, then try again",
    answers={"003": Answer(429, "rate_limited")},
    retryable=True,
    retry_after=10,
)

ENTRIES = (TOO_MANY_SOCKETS,)


class Sockets:
    """Counts open sockets and closes them all, with a reason, when the server goes down."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lives: set[_Life] = set()
        self._closing = False

    @asynccontextmanager
    async def session(self, websocket: WebSocket) -> AsyncIterator[None]:
        """The life of an accepted socket that only sends.

        The block is cancelled when the client goes away and when the server shuts down; then the
        socket is closed with 1001 and the reason.
        """
        async with self.conversation(websocket), anyio.create_task_group() as group:
            group.start_soon(_until_gone, websocket, group.cancel_scope)
            # The client may go away while we are sending.
            with suppress(WebSocketDisconnect):
                yield
            group.cancel_scope.cancel()

    @asynccontextmanager
    async def conversation(self, websocket: WebSocket) -> AsyncIterator[None]:
        """The life of an accepted socket that sends and receives.

        The block is cancelled when the server shuts down; then the socket is closed with 1001 and
        the reason. That the client goes away is for the block to notice.
        """
        life = self._begin(getattr(websocket.state, "owner", None))
        try:
            with life.scope:
                yield
        finally:
            self._end(life)
        if life.scope.cancelled_caught:
            # The client may have gone away at the same time.
            with anyio.move_on_after(CLOSE_SECONDS), suppress(WebSocketDisconnect):
                await websocket.close(*life.farewell)

    def leave(self, websocket: WebSocket, work: "Work") -> None:
        """Leave an accepted socket that only sends to `work`, which begins when the route has returned.

        While it waits for something to tell, nothing of the route and of what lies around it is in
        memory any more. It is cancelled as a `session` is, and when it returns the socket is closed.
        """
        when_gone = websocket.scope["extensions"][WHEN_GONE]["when_gone"]
        owner = getattr(websocket.state, "owner", None)
        websocket.scope["left"] = _Left(work, when_gone, websocket.state.place.moved(), owner)

    async def carry_on(self, left: "_Left", send: Send) -> None:
        """Do what was left to do with a socket, until it is done, the client goes away or the server does."""
        life = self._begin(left.owner)
        line = Line(send)
        with suppress(WebSocketDisconnect):
            try:
                with life.scope:
                    left.when_gone(life.scope.cancel)
                    await left.work(line)
            finally:
                self._end(life)
            with anyio.move_on_after(CLOSE_SECONDS):
                if life.revoked or self._closing:
                    await line.close(*life.farewell)
                elif not life.scope.cancelled_caught:
                    await line.close(NORMAL, "")

    def revoke(self, user: str, session: str) -> None:
        """End the sockets of one session or key or, where none is named, all of the user's."""
        for life in self._lives:
            if life.owner is not None and (session == life.owner[1] if session else user == life.owner[0]):
                life.revoked = True
                life.scope.cancel()

    def close_all(self) -> None:
        """End every session: the server goes down."""
        self._closing = True
        for life in self._lives:
            life.scope.cancel()

    def _begin(self, owner: "Owner | None") -> "_Life":
        self._metrics.sockets.inc()
        life = _Life(owner)
        self._lives.add(life)
        if self._closing:
            life.scope.cancel()
        return life

    def _end(self, life: "_Life") -> None:
        self._lives.discard(life)
        self._metrics.sockets.dec()


class _Life:
    """An open socket: how to end it, and whose it is."""

    __slots__ = ("owner", "revoked", "scope")

    def __init__(self, owner: "Owner | None") -> None:
        self.scope = anyio.CancelScope()
        self.owner = owner
        self.revoked = False

    @property
    def farewell(self) -> tuple[int, str]:
        """The code and the reason that it is closed with."""
        return (POLICY_VIOLATION, REVOKED) if self.revoked else (GOING_AWAY, FAREWELL)


async def _until_gone(websocket: WebSocket, scope: anyio.CancelScope) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass  # Nothing that a client sends here means anything.
    scope.cancel()


class Line:
    """A socket that only sends."""

    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send_text(self, text: str) -> None:
        """Send a frame of text; raises WebSocketDisconnect when the client is gone."""
        await self._tell({"type": "websocket.send", "text": text})

    async def close(self, code: int, reason: str) -> None:
        """Close it; raises WebSocketDisconnect when the client is gone."""
        await self._tell({"type": "websocket.close", "code": code, "reason": reason})

    async def _tell(self, message: dict[str, object]) -> None:
        try:
            await self._send(message)
        except OSError:
            # So servers say it (ASGI 2.4).
            raise WebSocketDisconnect(ABNORMAL) from None


Work = Callable[[Line], Awaitable[None]]
#: Whose a socket is: the user, and the session or the API key.
Owner = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Left:
    """A socket whose route has returned, and what is still to be done with it."""

    work: Work
    when_gone: WhenGone
    place: "Place"
    owner: "Owner | None"


class Place:
    """Where a socket's place is kept, from its handshake to its end; `holder` once it is taken."""

    __slots__ = ("holder", "id")

    def __init__(self) -> None:
        self.id = new_id("socket")
        self.holder: str | None = None

    def moved(self) -> "Place":
        """The same place, kept by somebody else from now on."""
        moved = Place.__new__(Place)
        moved.id, moved.holder = self.id, self.holder
        self.holder = None
        return moved


class Places:
    """How many sockets each user holds open: at most `limit`; without a limit nobody is counted.

    In Redis a place is a lease that this process renews, so that the places of one that is killed
    become free by themselves. While Redis is away, what this process holds is what counts.
    """

    def __init__(self, limit: int | None, redis: Redis | None, *, lease: float = LEASE_SECONDS) -> None:
        self._limit = limit
        self._redis = redis
        self._lease = lease
        self._held: dict[str, set[str]] = {}

    async def take(self, place: Place, user: str) -> None:
        """Take one of the user's places; raises `too-many-sockets`."""
        if self._limit is None or place.holder is not None:
            return
        if not await self._free(place, user, self._limit):
            raise TOO_MANY_SOCKETS(
                limit=self._limit, details={"limit": self._limit, "remaining": 0, "reset_time": None}
            )
        self._held.setdefault(user, set()).add(place.id)
        place.holder = user

    async def give_back(self, place: Place) -> None:
        """Free the place, if it was taken."""
        if place.holder is None:
            return
        held = self._held[place.holder]
        held.discard(place.id)
        if not held:
            del self._held[place.holder]
        if self._redis is not None and self._redis.available:
            # Where Redis is lost just now, the lease ends by itself.
            with suppress(RedisAway):
                await self._redis.give_back(place.holder, place.id)

    def held_by(self, user: str) -> int:
        """How many places the user holds in this process."""
        return len(self._held.get(user, ()))

    async def run(self) -> None:
        """Service: renew the leases of this process."""
        while True:
            await anyio.sleep(self._lease / 3)
            if self._redis is not None and self._redis.available:
                with suppress(RedisAway):
                    for user, places in list(self._held.items()):
                        await self._redis.renew(user, places, seconds=self._lease)

    async def _free(self, place: Place, user: str, limit: int) -> bool:
        if self._redis is not None and self._redis.available:
            with suppress(RedisAway):
                return await self._redis.take(user, place.id, limit=limit, seconds=self._lease)
        return self.held_by(user) < limit


class CarryOn:
    """ASGI, outermost: goes on with the sockets that their routes have left to a work of their own."""

    def __init__(self, app: ASGIApp, sockets: Sockets, places: Places) -> None:
        self._app = app
        self._sockets = sockets
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what there is to serve, and then what was left of it."""
        await self._app(scope, receive, send)
        left = scope.pop("left", None)
        if left is None:
            return
        # What the client said in its handshake has been read.
        scope.clear()
        try:
            await self._sockets.carry_on(left, send)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(GIVE_BACK_SECONDS):
                await self._places.give_back(left.place)

"""uvicorn's WebSocket with less to carry: most sockets are open for hours and say nothing.

What a queue and an event of asyncio hold for every socket is more than all that an idle socket needs,
and what a handshake was made of is never looked at again.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

#: Where a socket's scope offers `when_gone`, among its extensions.
WHEN_GONE = "eulermaker.when_gone"

WhenGone = Callable[[Callable[[], None]], None]


class LeanSocket(WebSocketsSansIOProtocol):
    """A WebSocket that drops its handshake once it is open, and can tell that its client is gone.

    `when_gone(callback)` is for a socket that only sends: whatever the client says from then on is
    dropped, and once it is gone the callback is called, at once if it is gone already.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # They are used as what they stand for: only what uvicorn asks of the two is there.
        self.queue = _Inbox()  # type: ignore[assignment]  # all of a queue that is used
        self.writable = _Writable()  # type: ignore[assignment]  # all of an event that is used
        self._gone: Callable[[], None] | None = None

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Call back once the client is gone; see the class."""
        self._gone = callback
        if any(message["type"] == "websocket.disconnect" for message in self._inbox.take_all()):
            callback()
        elif self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._inbox.on_message = self._heard

    def handle_connect(self, event: Request) -> None:
        """Begin the handshake; the application may ask for `when_gone`."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][WHEN_GONE] = {"when_gone": self.when_gone}

    def start_keepalive(self) -> None:
        """The handshake is over: what it was made of is let go."""
        super().start_keepalive()
        del self.request, self.response

    def send_receive_event_to_app(self) -> None:
        """Pass a message on, unless nobody listens any more."""
        if self._gone is None:
            super().send_receive_event_to_app()
        else:
            self.frames = []

    @property
    def _inbox(self) -> "_Inbox":
        assert isinstance(self.queue, _Inbox)
        return self.queue

    def _heard(self, message: Any) -> None:
        if message["type"] == "websocket.disconnect" and self._gone is not None:
            self._gone()


class _Inbox:
    """The messages that the application has not taken: a queue of asyncio's with one reader."""

    __slots__ = ("_messages", "_reader", "on_message")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._reader: asyncio.Future[None] | None = None
        self.on_message: Callable[[Any], None] | None = None

    def put_nowait(self, message: Any) -> None:
        """Add a message."""
        if self.on_message is not None:
            self.on_message(message)
            return
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """The next message."""
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._messages.pop(0)

    def empty(self) -> bool:
        """Whether there is none."""
        return not self._messages

    def take_all(self) -> list[Any]:
        """All messages."""
        messages, self._messages = self._messages, []
        return messages


class _Writable:
    """Whether the transport takes more: an event of asyncio's that is set most of the time."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        #: Those who wait until more is taken; None while it is.
        self._waiting: list[asyncio.Future[None]] | None = None

    def set(self) -> None:
        """More is taken."""
        waiting, self._waiting = self._waiting, None
        for one in waiting or ():
            if not one.done():
                one.set_result(None)

    def clear(self) -> None:
        """No more is taken."""
        if self._waiting is None:
            self._waiting = []

    async def wait(self) -> None:
        """Return when more is taken."""
        while self._waiting is not None:
            one = asyncio.get_running_loop().create_future()
            self._waiting.append(one)
            await one

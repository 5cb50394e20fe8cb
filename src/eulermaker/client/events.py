"""What happens to containers, as it happens."""

from collections.abc import Iterator

from websockets.exceptions import ConnectionClosed

from eulermaker.client.container_models import ContainerEvent
from eulermaker.client.errors import ConnectionFailed, EulerMakerError
from eulermaker.client.frames import frame
from eulermaker.client.models import parse
from eulermaker.client.retry import Attempts
from eulermaker.client.transport import Transport

SEQ_HEADER = "X-Event-Seq"


class Events:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def follow(self, *, since: int | None = None) -> "EventStream":
        """The events after number `since`, else those from now on, without end."""
        return EventStream(self._transport, since=since)


class EventStream:
    """Yields each event once and in order; `last_seq` is the number of the last one had.

    A broken connection is taken up again behind it. The policy of the client bounds the consecutive
    failures without a new event; the last of them is raised.
    """

    def __init__(self, transport: Transport, *, since: int | None) -> None:
        self._transport = transport
        self.last_seq = since

    def __iter__(self) -> Iterator[ContainerEvent]:
        attempts = Attempts(self._transport.retry)
        while True:
            try:
                for event in self._connection():
                    attempts.progressed()
                    yield event
            except EulerMakerError as error:
                attempts.pause(error)

    def _connection(self) -> Iterator[ContainerEvent]:
        params = {} if self.last_seq is None else {"since": self.last_seq}
        with self._transport.socket("/ws/containers/events", params) as socket:
            if self.last_seq is None and socket.response is not None:
                # Who comes back before the first event goes on from where the first connection began.
                self.last_seq = _number(socket.response.headers.get(SEQ_HEADER))
            try:
                for message in socket:
                    event = parse(ContainerEvent, frame(message))
                    self.last_seq = event.seq
                    yield event
            except ConnectionClosed as error:
                raise _cut() from error
        raise _cut()


def _cut() -> ConnectionFailed:
    return ConnectionFailed("stream-cut", "The event stream broke off", retryable=True)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None

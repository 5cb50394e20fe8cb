"""gRPC served over a connection that the engine has turned round: it calls, and we answer."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import anyio
import h2.config
import h2.connection
import h2.events
import h2.exceptions

from eulermaker.engines.docker.hijack import READ_LIMIT, RawStream

_PREFIX = 5  # One byte that tells compression, four of length.
#: What one message may hold; the engine sends only small ones.
_MAX_MESSAGE = 1024 * 1024
_OK = (("grpc-status", "0"),)
_UNIMPLEMENTED = (("grpc-status", "12"),)
_HEADERS = ((":status", "200"), ("content-type", "application/grpc"))


class GrpcError(Exception):
    """The engine sent what is no gRPC."""


class RpcCall:
    """One call by the engine: its metadata, its messages, and the way to answer them."""

    def __init__(self, server: "GrpcServer", stream: int, metadata: Mapping[str, str]) -> None:
        self._server = server
        self.stream = stream
        self.metadata = metadata
        self.scope = anyio.CancelScope()
        # What it holds are requests for files: as many as the context has, a few bytes each.
        self.inbox, self.received = anyio.create_memory_object_stream[bytes](math.inf)

    async def messages(self) -> AsyncIterator[bytes]:
        """The messages of the call, until the engine has said its last."""
        pending = bytearray()
        async for data in self.received:
            pending += data
            while len(pending) >= _PREFIX:
                length = int.from_bytes(pending[1:_PREFIX])
                if pending[0] or length > _MAX_MESSAGE:
                    raise GrpcError("a message that is compressed or too long")
                if len(pending) < _PREFIX + length:
                    break
                yield bytes(pending[_PREFIX : _PREFIX + length])
                del pending[: _PREFIX + length]

    async def send(self, *messages: bytes) -> None:
        """Send messages, as fast as the engine takes them."""
        framed = b"".join(bytes(1) + len(message).to_bytes(4) + message for message in messages)
        await self._server.send(self.stream, framed)


Handler = Callable[[RpcCall], Awaitable[None]]


class GrpcServer:
    """Answers the calls that come over one connection with the handler of their path."""

    def __init__(self, stream: RawStream, handlers: Mapping[str, Handler]) -> None:
        self._stream = stream
        self._handlers = handlers
        self._http = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        self._calls: dict[int, RpcCall] = {}
        self._room = anyio.Event()

    async def serve(self) -> None:
        """Answer until the engine closes the connection."""
        self._http.initiate_connection()
        await self._flush()
        async with anyio.create_task_group() as group:
            while data := await self._stream.read(READ_LIMIT):
                try:
                    events = self._http.receive_data(data)
                except h2.exceptions.ProtocolError as error:
                    raise GrpcError(str(error)) from error
                for event in events:
                    call = self._take(event)
                    if call is not None:
                        group.start_soon(self._answer, call)
                await self._flush()
            group.cancel_scope.cancel()

    async def send(self, stream: int, data: bytes) -> None:
        """Send data on a stream, waiting for room where the engine is slower."""
        view = memoryview(data)
        while view:
            window = self._http.local_flow_control_window(stream)
            if window <= 0:
                await self._room.wait()
                continue
            size = min(window, self._http.max_outbound_frame_size, len(view))
            self._http.send_data(stream, bytes(view[:size]))
            view = view[size:]
            await self._flush()

    def _take(self, event: h2.events.Event) -> RpcCall | None:
        """Note what came; tells the call that begins with it."""
        match event:
            case h2.events.RequestReceived(stream_id=int(stream), headers=headers):
                metadata = {str(name): str(value) for name, value in headers or ()}
                self._calls[stream] = RpcCall(self, stream, metadata)
                return self._calls[stream]
            case h2.events.DataReceived(stream_id=int(stream), data=data, flow_controlled_length=length):
                self._http.acknowledge_received_data(length or 0, stream)
                if call := self._calls.get(stream):
                    call.inbox.send_nowait(data or b"")
            case h2.events.StreamEnded(stream_id=int(stream)):
                if call := self._calls.get(stream):
                    call.inbox.close()
            case h2.events.StreamReset(stream_id=int(stream)):
                if call := self._calls.get(stream):
                    call.scope.cancel()
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self._room.set()
                self._room = anyio.Event()
        return None

    async def _answer(self, call: RpcCall) -> None:
        handler = self._handlers.get(call.metadata.get(":path", ""))
        with call.inbox, call.received, call.scope:
            self._http.send_headers(call.stream, _HEADERS)
            if handler is not None:
                await handler(call)
            trailers = _OK if handler is not None else _UNIMPLEMENTED
            self._http.send_headers(call.stream, trailers, end_stream=True)
            await self._flush()
        del self._calls[call.stream]

    async def _flush(self) -> None:
        if data := self._http.data_to_send():
            await self._stream.write(data)

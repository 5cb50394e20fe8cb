"""One user at one terminal, over a socket that is opened again when it breaks."""

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from eulermaker.client.errors import ConnectionFailed, EulerMakerError, ServerError
from eulermaker.client.frames import frame, told
from eulermaker.client.retry import Attempts
from eulermaker.client.transport import Transport

_SUBPROTOCOL = Subprotocol("eulermaker.terminal.v1")
_OUTPUT, _INPUT, _ACK = 1, 2, 3
_HEAD = struct.Struct(">BQ")
_FRAME = 16 * 1024
_SEND_BUFFER = 64 * 1024
_PAUSE = 0.001  # seconds


class TerminalSession:
    """Yields the terminal's output as bytes, every byte once, until its command ends.

    Then `reason` and `exit_code` tell how. `seq` counts the bytes had, so that another session may go on
    behind them; `lost` counts those that the server no longer kept. One thread iterates, any may type.
    """

    def __init__(self, transport: Transport, terminal: str, *, since: int | None, view: bool) -> None:
        self._transport = transport
        self._path = f"/ws/terminals/{terminal}"
        self._view = view
        self._socket: ClientConnection | None = None
        self._lock = threading.Lock()
        self._unsent: deque[str | bytes] = deque()
        self._detached = threading.Event()
        self.seq = since
        self.lost = 0
        self.reason: str | None = None
        self.exit_code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()

    @property
    def detached(self) -> bool:
        """Whether `detach` was called."""
        return self._detached.is_set()

    def __iter__(self) -> Iterator[bytes]:
        attempts = Attempts(self._transport.retry)
        while self.reason is None and not self.detached:
            try:
                for output in self._connection():
                    attempts.progressed()
                    yield output
            except EulerMakerError as error:
                if not self.detached:
                    attempts.pause(error)

    def send(self, data: bytes) -> None:
        """Types; what is typed while the connection is broken is sent when it is there again."""
        for start in range(0, len(data), _FRAME):
            self._say(bytes([_INPUT]) + data[start : start + _FRAME])
            if start + _FRAME < len(data):
                # Lets the receiving thread have the connection: a terminal that can't get rid of its
                # output takes no more input.
                time.sleep(_PAUSE)

    def resize(self, cols: int, rows: int) -> None:
        """Tells the terminal the size that it is shown in."""
        self._say(json.dumps({"type": "resize", "data": {"cols": cols, "rows": rows}}))

    def detach(self) -> None:
        """Leaves the terminal, whose command goes on; the iteration ends."""
        self._detached.set()
        if (connected := self._socket) is not None:
            connected.close()

    def _connection(self) -> Iterator[bytes]:
        params: dict[str, str | int] = {"mode": "view" if self._view else "edit"}
        if self.seq is not None:
            params["since"] = self.seq
        with self._transport.socket(self._path, params, subprotocol=_SUBPROTOCOL) as connected:
            self._socket = connected
            if self.detached:
                return
            try:
                # What waits here can't be read by the terminal yet, so that a paste must not fill it.
                connected.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
                self._flush()
                yield from self._messages(connected)
            except (ConnectionClosed, OSError) as error:
                raise _cut() from error
            finally:
                self._socket = None
        if self.reason is None and not self.detached:
            raise _cut()

    def _messages(self, connected: ClientConnection) -> Iterator[bytes]:
        for message in connected:
            if isinstance(message, bytes):
                yield from self._take(message)
                connected.send(_HEAD.pack(_ACK, self.seq or 0))
            else:
                self._hear(frame(message))

    def _take(self, message: bytes) -> Iterator[bytes]:
        if len(message) < _HEAD.size or message[0] != _OUTPUT:
            raise ServerError("unexpected-answer", "The terminal sent a frame of an unknown kind")
        _, seq = _HEAD.unpack_from(message)
        # The number counts as had once the bytes are given out: who breaks off there may go on there.
        self.seq = seq
        yield message[_HEAD.size :]

    def _hear(self, said: dict[str, Any]) -> None:
        match said:
            case {"type": "exit", "reason": reason, "exit_code": exit_code}:
                self.reason = str(reason)
                self.exit_code = exit_code if isinstance(exit_code, int) else None
            case {"type": "gap", "from": int(first), "to": int(last)}:
                self.lost += last - first
                self.seq = last
            case {"type": "error"}:
                error = told(said)
                error.retryable = False
                raise error

    def _say(self, message: str | bytes) -> None:
        with self._lock:
            self._unsent.append(message)
        self._flush()

    def _flush(self) -> None:
        """Sends what is unsent; a broken connection leaves it for the next one."""
        with self._lock:
            while self._unsent and (connected := self._socket) is not None:
                try:
                    connected.send(self._unsent[0])
                except ConnectionClosed:
                    return
                self._unsent.popleft()


def _cut() -> ConnectionFailed:
    return ConnectionFailed("stream-cut", "The connection to the terminal broke", retryable=True)

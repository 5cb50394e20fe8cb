"""A build's log while it is being written, across broken connections."""

from collections.abc import Callable, Iterator

from eulermaker.client.errors import ConnectionFailed, EulerMakerError
from eulermaker.client.frames import frames, told
from eulermaker.client.models import LogLine, parse
from eulermaker.client.retry import Attempts
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment

_SILENCE = 60.0  # seconds; a step may be quiet for longer, a dead connection must not go unseen


class Follow:
    """Yields each line after `last_seq` once and in order, until the build ends; then `status` tells how.

    A broken connection is taken up again behind the last line had. The policy of the client bounds the
    consecutive failures without a new line; the last of them is raised.
    """

    def __init__(
        self, transport: Transport, build_id: str, *, since_seq: int, finished: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._path = f"/builds/{segment(build_id)}/logs"
        self._finished = finished
        self.last_seq = since_seq
        self.status: str | None = None

    def __iter__(self) -> Iterator[LogLine]:
        attempts = Attempts(self._transport.retry)
        while self.status is None:
            try:
                for line in self._connection():
                    attempts.progressed()
                    yield line
            except EulerMakerError as error:
                if not self._merely_quiet(error):
                    attempts.pause(error)

    def _connection(self) -> Iterator[LogLine]:
        params: dict[str, str | int] = {"follow": "true", "since_seq": self.last_seq}
        call = Call(method="GET", path=self._path, params=params, silence=_SILENCE)
        with self._transport.open(call) as response:
            for frame in frames(response.iter_bytes()):
                match frame.get("type"):
                    case "log":
                        line = parse(LogLine, frame)
                        if line.seq > self.last_seq:
                            self.last_seq = line.seq
                            yield line
                    case "end":
                        self.status = str(frame.get("status"))
                        return
                    case "error":
                        raise told(frame)
        raise ConnectionFailed("stream-cut", "The log stream ended before the build did", retryable=True)

    def _merely_quiet(self, error: EulerMakerError) -> bool:
        """Whether the stream was silent because the build is."""
        return error.code == "silent" and not self._finished()

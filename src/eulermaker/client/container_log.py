"""A container's log while it is being written, across broken connections."""

from collections import Counter, deque
from collections.abc import Iterator

from eulermaker.client.container_models import ContainerLogEntry
from eulermaker.client.errors import ConnectionFailed, EulerMakerError
from eulermaker.client.frames import frames, told
from eulermaker.client.models import parse
from eulermaker.client.retry import Attempts
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call

_SILENCE = 60.0  # seconds; a container may be quiet for longer, a dead connection must not go unseen
_MOST = 10_000  # lines that the server sends at once
_REMEMBERED = 512


class ContainerLog:
    """Yields each line once, a `gap` where lines may be missing, and the states the container goes to.

    Ends once the container has stopped for good; then `status` tells how. A broken connection is taken
    up again: lines have times but no numbers, so the last ones had are asked for again and left out.
    """

    def __init__(self, transport: Transport, path: str, *, tail: int, since: str | None) -> None:
        self._transport = transport
        self._path = path
        self._tail = tail
        self._since = since
        self._recent: deque[ContainerLogEntry] = deque(maxlen=_REMEMBERED)
        self.status: str | None = None

    def __iter__(self) -> Iterator[ContainerLogEntry]:
        attempts = Attempts(self._transport.retry)
        while self.status is None:
            try:
                for entry in self._connection():
                    attempts.progressed()
                    yield entry
            except EulerMakerError as error:
                if error.code != "silent":
                    attempts.pause(error)

    def _connection(self) -> Iterator[ContainerLogEntry]:
        known = Counter(self._recent)
        proven = not known
        with self._transport.open(self._call()) as response:
            for frame in frames(response.iter_bytes()):
                match frame.get("type"):
                    case "log":
                        entry = parse(ContainerLogEntry, frame)
                        if not proven and not known[entry]:
                            yield ContainerLogEntry(type="gap")
                        proven = True
                        if known[entry]:
                            known[entry] -= 1
                        else:
                            self._recent.append(entry)
                            yield entry
                    case "gap" | "status":
                        yield parse(ContainerLogEntry, frame)
                    case "end":
                        self.status = str(frame.get("status"))
                        return
                    case "error":
                        raise told(frame)
        raise ConnectionFailed("stream-cut", "The log stream ended before the container", retryable=True)

    def _call(self) -> Call:
        tail, since = self._tail, self._since
        if self._recent:
            tail, since = _MOST, min(entry.timestamp or "" for entry in self._recent)
        params: dict[str, str | int] = {"follow": "true", "tail": tail}
        if since is not None:
            params["since"] = since
        return Call(method="GET", path=self._path, params=params, silence=_SILENCE)

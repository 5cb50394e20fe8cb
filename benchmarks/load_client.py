"""A load that only counts: the same request over several kept connections, to a port or to a unix socket.

`python -m benchmarks.load_client TARGET CONNECTIONS SECONDS FILE…` asks each of the FILEs' requests in turn,
over and over, and prints what it got. TARGET is a port of 127.0.0.1 or a path: wrk cannot ask an
engine, which listens on a socket, and what is compared has to be asked by the same client. A second of
warming up is not counted.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import uvloop

WARM_UP_SECONDS = 1.0
LAST_CHUNK = b"0\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Got:
    """Answers a second, and percentiles of the times to an answer's end in ms."""

    rate: float
    p50: float
    p99: float
    longest: float


class Asker(asyncio.Protocol):
    """One connection: asks, takes the answer to its end (RFC 9112 §6), asks again."""

    def __init__(self, requests: Sequence[bytes], first: int, until: float) -> None:
        self._requests = requests
        self._next = first
        self._until = until
        self._answer = b""
        self._asked = 0.0
        #: When each answer was whole, and how long it took, in seconds.
        self.answers: list[tuple[float, float]] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the first time."""
        # uvloop's transports do not descend from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take what has come of the answer."""
        self._answer = self._answer + data if self._answer else data
        if not _is_whole(self._answer):
            return
        now = time.perf_counter()
        if not self._answer.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self._answer[:500].decode(errors="replace")))
            self._transport.close()
            return
        self.answers.append((now, now - self._asked))
        self._answer = b""
        if now < self._until:
            self._ask()
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail when it was not us who closed."""
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"cut off: {exc}"))

    def _ask(self) -> None:
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        self._asked = time.perf_counter()
        self._transport.write(request)


def _is_whole(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower()
    at = head.find(LENGTH)
    if at < 0:
        # Chunked; nothing else is ever on its way, so that the last chunk ends the data.
        return answer.endswith(LAST_CHUNK)
    return len(answer) - end - 4 >= int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])


async def load(target: str, connections: int, seconds: float, requests: Sequence[bytes]) -> Got:
    """What the connections got in so many seconds after the warming up."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    counted = began + WARM_UP_SECONDS
    askers = []
    for number in range(connections):
        first = number * len(requests) // connections

        def asker(first: int = first) -> Asker:
            return Asker(requests, first, counted + seconds)

        if target.isdigit():
            _, made = await loop.create_connection(asker, "127.0.0.1", int(target))
        else:
            _, made = await loop.create_unix_connection(asker, target)
        askers.append(made)
    for made in askers:
        await made.done
    times = [took * 1000 for made in askers for at, took in made.answers if at >= counted]
    last = max(at for made in askers for at, _ in made.answers)
    cuts = statistics.quantiles(times, n=100)
    return Got(len(times) / (last - counted), cuts[49], cuts[98], max(times))


if __name__ == "__main__":
    asked = [Path(name).read_bytes() for name in sys.argv[4:]]
    print(json.dumps(asdict(uvloop.run(load(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), asked)))))

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from eulermaker.client import Client, Retry
from tests.client.server import Server, serving


@dataclass
class VirtualTime:
    """A clock that moves only when somebody sleeps."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def retry(time: VirtualTime) -> Retry:
    return Retry(rng=random.Random(7), sleep=time.sleep, clock=time.clock)


@pytest.fixture
def served() -> Iterator[tuple[Server, str]]:
    with serving() as pair:
        yield pair


@pytest.fixture
def server(served: tuple[Server, str]) -> Server:
    return served[0]


@pytest.fixture
def url(served: tuple[Server, str]) -> str:
    return served[1]


@pytest.fixture
def client(url: str, retry: Retry) -> Iterator[Client]:
    with Client(url, token="access-0", retries=retry) as client:
        yield client


@pytest.fixture
def dead_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"

"""A Redis of a test's own, to be killed and started again; and the one that tests share."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.server import free_port

START_SECONDS = 30.0


class RedisProcess:
    """A Redis without a disk; it keeps its port over restarts."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.work)]
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), *options], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except redis.ConnectionError:
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        """End it as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @contextmanager
    def running(self) -> Iterator["RedisProcess"]:
        """The Redis from its start to its end."""
        self.start()
        try:
            yield self
        finally:
            self.kill()


def shared_redis() -> str:
    """The URL of the Redis beside this test run, emptied; each pytest process has a database of it."""
    server = os.environ["EULERMAKER_TEST_REDIS_URL"].rpartition("/")[0]
    url = f"{server}/{os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw')}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url

"""A build that prints without end: every line in order, memory flat, nobody waits for a slow follower."""

import json
import resource
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import SOAK
from tests.faults.engines import OwnEngine
from tests.faults.invariants import ATTEMPT, INTERRUPTED, nothing_is_left
from tests.faults.waiting import wait_for_log
from tests.server import IMAGE, ServerProcess, build, finished

pytestmark = pytest.mark.usefixtures("any_database")

PADDING = "of a build that has a lot to tell and tells it all, line by line"
#: 20 MB, or 200 MB in the soak; what comes in bursts takes longer, so there is less of it.
LINES = 3_000_000 if SOAK else 300_000
LINES_IN_BURSTS = 3_000_000 if SOAK else 100_000
FEW_LINES = 10_000
BURST = 5_000
MAX_GROWTH = 100 * 1024 * 1024


@pytest.fixture(scope="module")
def server(mortal_engine: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose engine was started by the project's script, which lifts BuildKit's limits."""
    settings = {"DOCKER_HOST": mortal_engine.host}
    with ServerProcess(tmp_path_factory.mktemp("noise") / "data", settings).running() as process:
        yield process
    # Its logs are large.
    shutil.rmtree(process.data_dir)


def printing(lines: int, *, pause: bool) -> str:
    """A step that prints so many numbered lines, in bursts or all at once."""
    burst = f'if (i % {BURST} == 0) system("sleep 0.05");' if pause else ""
    program = f'BEGIN {{ for (i = 1; i <= {lines}; i++) {{ print i, "{PADDING}"; {burst} }} }}'
    return f"FROM {IMAGE}\nRUN echo begun; awk '{program}'"


@pytest.mark.parametrize(
    ("lines", "pause"), [(LINES_IN_BURSTS, True), (LINES, False)], ids=["in bursts", "as fast as it can"]
)
def test_every_line_arrives_and_memory_stays_flat(
    server: ServerProcess, client: httpx.Client, mortal_engine: OwnEngine, lines: int, *, pause: bool
) -> None:
    before = peak = _resident(server)
    identifier = build(client, printing(lines, pause=pause), cache_enabled=False)
    wait_for_log(server, identifier, '"data":"begun"')
    with _stalled_followers(server, client, identifier) as stalled:
        story = Story()
        for number, line in enumerate(_followed(client, identifier), start=1):
            story.take(number, line)
            if number % BURST == 0:
                peak = max(peak, _resident(server))
        assert story.status == "success"
        assert story.printed == lines
        # The slow ones are still there: nobody had to throw them out.
        for connection in stalled:
            assert connection.recv(1)
    assert finished(client, identifier)["status"] == "success"
    assert peak - before < MAX_GROWTH, f"grew by {(peak - before) // 2**20} MiB"
    nothing_is_left(server, client, mortal_engine)


def test_what_the_engine_clips_is_told(
    server: ServerProcess, client: httpx.Client, mortal_engine: OwnEngine
) -> None:
    """An engine that leaves out what a step prints says so, and so does our log."""
    with mortal_engine.restarted(BUILDKIT_STEP_LOG_MAX_SIZE="100000"):
        identifier = build(client, printing(FEW_LINES, pause=True), cache_enabled=False)
        assert finished(client, identifier)["status"] == "success"
        lines = [json.loads(line).get("data", "") for line in _followed(client, identifier)]
    assert any(line.startswith("[output clipped, log limit ") for line in lines)


class Story:
    """What a follower sees, checked as it comes: numbers without a gap, the step's lines in order."""

    def __init__(self) -> None:
        self.printed = 0
        self.status: str | None = None
        self._torn = False

    def take(self, number: int, line: bytes) -> None:
        """The next line."""
        assert self.status is None
        frame = json.loads(line)
        if frame["type"] == "end":
            assert frame["seq"] == number - 1
            self.status = frame["status"]
            return
        assert frame["seq"] == number
        # What a lost attempt had printed of its last line is shown, and then why there is no more.
        assert not self._torn or frame["data"].startswith(INTERRUPTED)
        self._torn = False
        if frame["kind"] == "output" and frame["data"] != "begun":
            self.printed += 1
            expected = f"{self.printed} {PADDING}"
            assert expected.startswith(frame["data"])
            self._torn = frame["data"] != expected
        elif frame["kind"] == "status" and frame["data"].startswith(ATTEMPT):
            self.printed = 0


def _followed(client: httpx.Client, identifier: str) -> Iterator[bytes]:
    """The lines of a followed log, to its end."""
    with client.stream(
        "GET", f"/api/v1/builds/{identifier}/logs", params={"follow": "true", "since_seq": 0}
    ) as answer:
        rest = b""
        for chunk in answer.iter_raw():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole


@contextmanager
def _stalled_followers(
    server: ServerProcess, client: httpx.Client, identifier: str
) -> Iterator[list[socket.socket]]:
    """A follower over HTTP and one over a WebSocket that read a little and then no more."""
    token = client.headers["Authorization"]
    with ExitStack() as stack:
        over_http = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        path = f"/api/v1/builds/{identifier}/logs?follow=true&since_seq=0"
        over_http.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n".encode()
        )
        assert over_http.recv(12) == b"HTTP/1.1 200"
        raw = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        path = f"/ws/builds/{identifier}/logs"
        raw.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert raw.recv(12) == b"HTTP/1.1 101"
        yield [over_http, raw]


def _resident(server: ServerProcess) -> int:
    """Bytes of memory that the server's process holds."""
    assert server.process is not None
    pages = int((Path("/proc") / str(server.process.pid) / "statm").read_text().split()[1])
    return pages * resource.getpagesize()

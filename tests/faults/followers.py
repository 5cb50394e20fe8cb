"""A follower of a build's log that comes back after every loss of the server, and takes up where it was."""

import json
import threading
import time
from typing import Any

import httpx

from tests.server import NO_TRUST, ServerProcess

FOLLOW_SECONDS = 240.0
PAUSE_SECONDS = 0.05


class Follower:
    """Follows one build from its first line to its end, in a thread of its own."""

    def __init__(self, server: ServerProcess, token: str, build: str) -> None:
        self._url = f"{server.url}/api/v1/builds/{build}/logs"
        self._headers = {"Authorization": token}
        self._build = build
        self._lines: list[dict[str, Any]] = []
        self._status: str | None = None
        self._deadline = time.monotonic() + FOLLOW_SECONDS
        self._error: BaseException | None = None
        self.reconnects = -1
        self._thread = threading.Thread(target=self._run, name=f"follower of {build}", daemon=True)
        self._thread.start()

    def result(self) -> tuple[str, list[dict[str, Any]]]:
        """The status that ended the stream, and every line in the order in which it was seen."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()) + 1)
        if self._error is not None:
            raise self._error
        assert self._status is not None, f"the stream of {self._build} never ended"
        return self._status, self._lines

    def _run(self) -> None:
        try:
            while self._status is None and time.monotonic() < self._deadline:
                self._connect()
        except BaseException as error:  # noqa: BLE001  # told to the test by `result`
            self._error = error

    def _connect(self) -> None:
        self.reconnects += 1
        query = {"follow": "true", "since_seq": str(len(self._lines))}
        try:
            with (
                httpx.Client(headers=self._headers, timeout=60, verify=NO_TRUST) as client,
                client.stream("GET", self._url, params=query) as answer,
            ):
                if answer.status_code == 200:
                    for line in answer.iter_lines():
                        self._take(json.loads(line))
                else:
                    assert answer.status_code == 503, answer.read()
        except (httpx.TransportError, json.JSONDecodeError):
            # The server has gone, maybe in the middle of a line, which does not count as seen.
            pass
        time.sleep(PAUSE_SECONDS)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "end":
            assert frame["seq"] == len(self._lines)
            self._status = frame["status"]
        else:
            assert frame["seq"] == len(self._lines) + 1, f"line {frame['seq']} after {len(self._lines)}"
            self._lines.append(frame)


def follow(server: ServerProcess, client: httpx.Client, build: str) -> Follower:
    """Start to follow the build as the user of that client."""
    return Follower(server, client.headers["Authorization"], build)


def frames(client: httpx.Client, build: str) -> list[dict[str, Any]]:
    """Every line of the log of a build that has ended."""
    with client.stream(
        "GET", f"/api/v1/builds/{build}/logs", params={"follow": "true", "since_seq": 0}
    ) as answer:
        assert answer.status_code == 200
        *lines, end = [json.loads(line) for line in answer.iter_lines()]
    assert end["type"] == "end"
    assert end["seq"] == len(lines)
    return lines

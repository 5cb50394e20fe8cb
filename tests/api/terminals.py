"""Terminals as a client has them: containers to open them in, and sockets that keep what they were sent."""

import json
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from scripts import engine_api
from tests.api.engine import HOST
from tests.server import IMAGE, ServerProcess

BINARY = Subprotocol("eulermaker.terminal.v1")
HEAD = struct.Struct(">BQ")
OUTPUT, INPUT, ACK = 1, 2, 3
SECONDS = 30.0
PREFIX = "eulermaker-test-terminals"


@contextmanager
def container(labels: dict[str, str] | None = None, *, start: bool = True) -> Iterator[str]:
    """The id of a container that does nothing, removed at the end."""
    config = {
        "Image": IMAGE,
        "Cmd": ["sleep", "3600"],
        "Labels": labels or {},
        "HostConfig": {"Init": True},
    }
    made = engine_api.post_json(HOST, f"/containers/create?name={PREFIX}-{uuid4().hex[:12]}", config)
    identifier = str(made["Id"])
    try:
        if start:
            act(identifier, "start")
        yield identifier
    finally:
        with engine_api.exchange(HOST, "DELETE", f"/containers/{identifier}?force=true"):
            pass


def act(identifier: str, action: str) -> None:
    """Ask the engine itself to do something with a container."""
    with engine_api.exchange(HOST, "POST", f"/containers/{identifier}/{action}"):
        pass


def opened(client: httpx.Client, identifier: str, command: str = "/bin/sh", **fields: Any) -> str:
    """Open a terminal, once the view knows the container; tells its id."""
    answer = seen(client, {"container_id": identifier, "command": command, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["session_id"])


def seen(client: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    """The answer to opening a terminal, once the view knows the container and that it runs."""
    deadline = time.monotonic() + SECONDS
    while True:
        answer = client.post("/api/v1/terminals", json=body)
        unknown = answer.headers.get("X-Error-Code") in ("container-not-found", "engine-unavailable")
        if not unknown or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def detail(client: httpx.Client, terminal: str) -> dict[str, Any]:
    """The terminal's detail."""
    answer = client.get(f"/api/v1/terminals/{terminal}")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def marked(terminal: str) -> list[int]:
    """The processes on this machine that a terminal has started, wherever they are now."""
    mark = f"EULERMAKER_TERMINAL={terminal}".encode()
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if mark in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


class Screen:
    """One socket at a terminal: what it was sent, by the byte, and where it would resume."""

    def __init__(
        self,
        server: ServerProcess,
        client: httpx.Client,
        terminal: str,
        *,
        query: str = "",
        binary: bool = True,
        acknowledge: bool = True,
    ) -> None:
        self.output = bytearray()
        self.frames: list[dict[str, Any]] = []
        self.seq = 0
        if acknowledge and not binary:
            query = f"{query}&ack=true" if query else "?ack=true"
        self._binary = binary
        self._acknowledge = acknowledge
        self._context = connect(
            f"ws://127.0.0.1:{server.port}/ws/terminals/{terminal}{query}",
            additional_headers={"Authorization": client.headers["Authorization"]},
            subprotocols=[BINARY] if binary else None,
            compression=None,
            open_timeout=SECONDS,
            max_size=None,
        )
        self.socket: ClientConnection = self._context.__enter__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def cut(self) -> None:
        """Lose the connection as networks do: without a word."""
        with suppress(OSError):
            self.socket.socket.shutdown(2)

    def type(self, data: bytes) -> None:
        """Type bytes."""
        if self._binary:
            self.socket.send(bytes([INPUT]) + data)
        else:
            self.say({"type": "input", "data": data.decode()})

    def say(self, frame: dict[str, Any]) -> None:
        """Send a JSON frame."""
        self.socket.send(json.dumps(frame))

    def acknowledge(self, seq: int) -> None:
        """Say how far everything was parsed."""
        if self._binary:
            self.socket.send(HEAD.pack(ACK, seq))
        else:
            self.say({"type": "ack", "seq": seq})

    def receive(self, seconds: float = SECONDS) -> dict[str, Any] | None:
        """Take one message; tells it when it was not output."""
        message = self.socket.recv(timeout=seconds)
        if isinstance(message, bytes):
            kind, seq = HEAD.unpack_from(message)
            assert kind == OUTPUT
            self._took(message[HEAD.size :], seq)
            return None
        frame: dict[str, Any] = json.loads(message)
        if frame["type"] == "output":
            self._took(frame["data"].encode(), frame["seq"])
            return None
        self.frames.append(frame)
        return frame

    def until(self, text: bytes) -> None:
        """Take messages until the output has that text."""
        start = 0
        while text not in self.output[start:]:
            start = max(0, len(self.output) - len(text))
            self.receive()

    def until_frame(self, kind: str) -> dict[str, Any]:
        """Take messages until one of that type comes."""
        while True:
            frame = self.receive()
            if frame is not None and frame["type"] == kind:
                return frame

    def to_the_end(self) -> dict[str, Any]:
        """Take everything until the server closes; tells the `exit` frame."""
        try:
            while True:
                self.receive()
        except ConnectionClosed:
            last = self.frames[-1]
            assert last["type"] == "exit"
            return last

    def _took(self, data: bytes, seq: int) -> None:
        self.output += data
        self.seq = seq
        if self._acknowledge:
            # The server may have said its last word already.
            with suppress(ConnectionClosed):
                self.acknowledge(seq)


def soak(short: int, long: int) -> int:
    """How much of something to do: more of it in a long run."""
    return long if os.environ.get("EULERMAKER_SOAK") else short

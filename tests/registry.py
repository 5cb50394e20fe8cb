"""A real image registry on loopback, and a wire to it that stalls, breaks and is mended."""

import http.client
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scripts import engine_api
from tests.api.engine import HOST
from tests.server import free_port

START_SECONDS = 30.0
CHUNK = 16 * 1024


class Registry:
    """A running registry; the engine takes what listens on loopback without TLS."""

    def __init__(self, port: int, images: Path) -> None:
        self.port = port
        self.host = f"localhost:{port}"
        self._images = images

    def spoil(self, *, larger_than: int) -> None:
        """Change the contents of its large layers, so that they are no longer what their digests say."""
        for blob in self._images.rglob("data"):
            if blob.stat().st_size > larger_than:
                blob.write_bytes(bytes(blob.stat().st_size))

    def push(self, image: str, repository: str, tag: str) -> None:
        """Put an image of the engine into the registry, and leave no name of it on the engine."""
        name = f"{self.host}/{repository}"
        _ask("POST", f"/images/{quote(image)}/tag?repo={quote(name)}&tag={tag}")
        # The engine wants credentials even where none are needed.
        told = _ask("POST", f"/images/{quote(name)}/push?tag={tag}", {"X-Registry-Auth": "e30="})
        assert '"error"' not in told, told
        _ask("DELETE", f"/images/{quote(name)}:{tag}")


@contextmanager
def running_registry(directory: Path) -> Iterator[Registry]:
    """A registry that keeps its images in that directory."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    assert program is not None, "the package docker-registry is missing"
    port = free_port()
    config = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "images")}},
        "http": {"addr": f"127.0.0.1:{port}"},
        "log": {"level": "error"},
    }
    (directory / "config.json").write_text(json.dumps(config))
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(directory / "config.json")], stdout=log, stderr=log)
    try:
        _wait_for(port)
        yield Registry(port, directory / "images")
    finally:
        process.terminate()
        process.wait()


class StallingWire:
    """A port that passes everything on to another one, until so many bytes have come back."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._room = threading.Condition()
        self._left: float = 0
        self.port = free_port()
        self.host = f"localhost:{self.port}"

    def mend(self, *, room: float = float("inf")) -> None:
        """Listen, and let `room` bytes more come back."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._start(self._accept, self._listener)
        with self._room:
            self._left = room
            self._room.notify_all()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        if self._listener is not None:
            # A thread that waits in accept() would keep a socket alive that is only closed.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in list(self._open):
            _shut(connection)
        with self._room:
            self._left = float("inf")
            self._room.notify_all()
        for thread in list(self._threads):
            thread.join()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._start(self._connect, listener.accept()[0])

    def _connect(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            self._open |= {near, far}
            back = self._start(self._pass_on, far, near, True)
            self._pass_on(near, far, False)
            back.join()
            self._open -= {near, far}

    def _pass_on(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if counted:
                    self._wait_for_room(len(data))
                sink.sendall(data)
        _shut(source)
        _shut(sink)

    def _start(self, work: Callable[..., None], *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)
        return thread

    def _wait_for_room(self, size: int) -> None:
        with self._room:
            self._room.wait_for(lambda: self._left > 0)
            self._left -= size


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _ask(method: str, path: str, headers: dict[str, str] | None = None) -> str:
    connection = engine_api.connect(HOST, 60)
    try:
        connection.request(method, path, headers=headers or {})
        response: http.client.HTTPResponse = connection.getresponse()
        told = response.read().decode()
        assert response.status < 400, told
        return told
    finally:
        connection.close()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError("the registry does not answer")

"""Scenarios in a real browser against the real server: they run in Node, and may have it restarted."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.console.playing import played, surroundings
from tests.server import ServerProcess

Play = Callable[[str], None]


@pytest.fixture(scope="module")
def console_server(any_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that scenarios may restart."""
    with ServerProcess(tmp_path_factory.mktemp("console") / "data").running() as server:
        yield server


@pytest.fixture(scope="module")
def control(console_server: ServerProcess) -> Iterator[str]:
    """Where a POST restarts the server."""

    class Control(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            console_server.stop()
            console_server.start()
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the scenario tells what went wrong."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    thread = Thread(target=listener.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}/"
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture(scope="module")
def play(console_server: ServerProcess, control: str) -> Play:
    """Plays the scenarios of a file; fails with what the runner says."""
    environment = surroundings(console_server, control=control)

    def play(name: str) -> None:
        told = played(f"{name}.e2e.ts", environment)
        assert told.returncode == 0, f"{told.stdout[-6000:]}\n{told.stderr[-6000:]}"

    return play

"""`eulermaker probes …` against the real server and a real HTTP server."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.test_command_line import Terminal
from tests.server import ServerProcess, own_name


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthy" else 503)
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """A service that is healthy at /healthy and nowhere else."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Healthy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def terminal(shared_server: ServerProcess, tmp_path: Path) -> Terminal:
    """A signed-in user."""
    return Terminal(tmp_path, shared_server.url)


def test_a_probe_from_its_addition_to_its_end(terminal: Terminal, service: str) -> None:
    name = own_name("cli-probe")
    added = terminal.read(
        "probes", "add", "http", name, f"{service}/healthy", "--interval", "3600", "--label", "team=a"
    )
    probe = added["id"]
    assert added["config"]["url"] == f"{service}/healthy"
    assert terminal.read("probes", "list", "--name", name)["total"] == 1
    assert name in terminal.run("probes", "list", "--label", "team=a", "--limit", "100")

    assert terminal.run("probes", "check", probe).startswith("success  ")
    found = terminal.read("probes", "results", probe)
    assert found["results"][0]["details"]["status_code"] == 200
    assert "success" in terminal.run("probes", "results", probe)
    assert terminal.read("probes", "show", probe)["statistics"]["success_count"] >= 1

    assert terminal.read("probes", "pause", probe)["status"] == "paused"
    assert terminal.read("probes", "resume", probe)["status"] == "active"
    terminal.run("probes", "rm", probe)
    terminal.run("probes", "show", probe, code=5)
    assert "probe-not-found" in terminal.errors


def test_a_configuration_can_be_tried_before_it_is_added(terminal: Terminal, service: str) -> None:
    name = own_name("cli-trial")
    output = terminal.run("probes", "add", "http", name, f"{service}/sick", "--try", code=5)
    assert output.startswith("failure  ")
    assert "status_code=503" in output
    terminal.run("probes", "add", "http", name, f"{service}/sick", "--set", "expected_status=503", "--try")
    assert terminal.read("probes", "list", "--name", name)["total"] == 0


def test_watch_prints_what_is_found(terminal: Terminal, service: str) -> None:
    added = terminal.read("probes", "add", "tcp", own_name("cli-watch"), service.removeprefix("http://"))
    watcher = subprocess.Popen(
        [sys.executable, "-m", "eulermaker", "probes", "watch", added["id"], "--json"],
        env=terminal.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watcher.stdout is not None
        line = _first_line(terminal, added["id"], watcher)
        assert json.loads(line)["probe_id"] == added["id"]
        assert json.loads(line)["status"] == "success"
    finally:
        watcher.kill()
        watcher.communicate(timeout=30)
        terminal.run("probes", "rm", added["id"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tcp", "x", "nowhere"), "HOST:PORT"),
        (("http", "x", "http://a", "http://b"), "no such target"),
        (("http", "x", "ftp://a"), "config.url"),
        (("nothing", "x"), "probe_type"),
        (("exec", "x", "true"), "container_id"),
    ],
)
def test_what_can_be_no_probe_is_told(terminal: Terminal, arguments: tuple[str, ...], said: str) -> None:
    terminal.run("probes", "add", *arguments, code=2)
    assert said in terminal.errors


def _first_line(terminal: Terminal, probe: str, watcher: "subprocess.Popen[str]") -> str:
    """The first frame that the watcher prints; checks go on until it is there."""
    lines: list[str] = []
    assert watcher.stdout is not None
    reader = threading.Thread(target=lambda: lines.append(next(iter(watcher.stdout or ()), "")))
    reader.start()
    for _ in range(60):
        # It may still be connecting: results of before are not told.
        terminal.run("probes", "check", probe)
        reader.join(1)
        if lines:
            return lines[0]
    raise AssertionError("nothing was printed")

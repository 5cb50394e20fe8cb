"""The containers' commands as a user types them, against the real server and the real engine."""

import errno
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import pytest

from tests.e2e.test_command_line import Terminal
from tests.server import IMAGE, ServerProcess

pytestmark = pytest.mark.usefixtures("any_database")

SECONDS = 30.0


class User(Terminal):
    """A user whose commands may go on while others are typed."""

    def through(self, url: str) -> dict[str, str]:
        """The same, for the same session by another address."""
        saved = json.loads((self.home / ".config/eulermaker/credentials.json").read_text())
        return {**self.environment, "EULERMAKER_URL": url, "EULERMAKER_TOKEN": saved["token"]}

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command that goes on; it is interrupted at the end."""
        with subprocess.Popen(
            [sys.executable, "-m", "eulermaker", *arguments], env=self.environment, stdout=subprocess.PIPE
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def terminal(shared_server: ServerProcess, tmp_path: Path) -> User:
    """A signed-in user."""
    return User(tmp_path, shared_server.url)


@pytest.fixture
def name(terminal: User) -> Iterator[str]:
    """The name of a container that runs and does nothing."""
    chosen = f"eulermaker-test-cli-{uuid4().hex[:10]}"
    terminal.run("run", "-d", "--name", chosen, "-e", "COLOUR=红", "-m", "64m", IMAGE, "sleep", "3600")
    yield chosen
    terminal.run("rm", "-f", chosen)


def test_run_follows_the_container_and_ends_as_it_does(terminal: User) -> None:
    chosen = f"eulermaker-test-cli-{uuid4().hex[:10]}"

    told = terminal.run(
        "run", "--rm", "--name", chosen, IMAGE, "sh", "-c", "echo 你好; echo wrong >&2; exit 7", code=7
    )

    assert told == "你好\n"
    assert terminal.errors == "wrong\n"
    terminal.run("logs", chosen, code=5)
    assert "container-not-found" in terminal.errors


def test_a_container_is_listed_stopped_started_and_removed(terminal: User, name: str) -> None:
    found = terminal.read("ps", "-f", f"name={name}")["containers"]
    assert [(each["name"], each["status"]) for each in found] == [(name, "running")]
    identifier = found[0]["id"]

    assert terminal.run("stop", "-t", "0", name) == f"{name}\n"
    assert terminal.run("ps", "-q", "-f", f"name={name}") == ""
    assert terminal.run("ps", "-aq", "-f", f"name={name}") == f"{identifier}\n"
    terminal.run("start", name)
    assert terminal.run("ps", "-q", "-f", f"name={name}") == f"{identifier}\n"

    assert terminal.run("rm", name, "nowhere", code=5) == ""
    refused, missing = terminal.errors.splitlines()
    assert refused.startswith(f"error: {name}: ")
    assert missing.startswith("error: nowhere: ")


def test_exec_tells_both_streams_and_the_exit_code(terminal: User, name: str) -> None:
    script = "pwd; echo $COLOUR $SIZE; echo wrong >&2; exit 3"
    told = terminal.run("exec", "-w", "/tmp", "-e", "SIZE=7", name, "sh", "-c", script, code=3)
    assert told == "/tmp\n红 7\n"
    assert terminal.errors == "wrong\n"

    titles = terminal.read("top", name)["titles"]
    assert "PID" in titles
    assert terminal.read("stats", "--no-stream", name)["memory_usage"]["limit"] == 64 * 1024 * 1024


def test_files_travel_both_ways(terminal: User, name: str) -> None:
    folder = terminal.home / "folder"
    folder.mkdir()
    (folder / "数据.bin").write_bytes(bytes(range(256)) * 1000)
    (folder / "link").symlink_to("/etc/passwd")

    terminal.run("cp", "folder", f"{name}:/tmp")
    terminal.run("cp", "folder", f"{name}:/renamed")
    assert terminal.run("exec", name, "find", "/tmp/folder", "/renamed").count("数据.bin") == 2
    terminal.run("cp", f"{name}:/renamed", "back")

    assert (terminal.home / "back" / "数据.bin").read_bytes() == (folder / "数据.bin").read_bytes()
    assert (terminal.home / "back" / "link").readlink() == Path("/etc/passwd")
    terminal.run("cp", f"{name}:/nowhere", "back", code=5)
    assert "container-path-not-found" in terminal.errors


def test_logs_are_followed_over_a_restart(terminal: User) -> None:
    chosen = f"eulermaker-test-cli-{uuid4().hex[:10]}"
    terminal.run("run", "-d", "--name", chosen, IMAGE, "sh", "-c", "echo begun; exec sleep 3600")
    try:
        with terminal.started("logs", "-f", chosen) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            terminal.run("restart", "-t", "0", chosen)
            assert process.stdout.readline() == b"begun\n"
    finally:
        terminal.run("rm", "-f", chosen)


def test_events_are_told_from_a_number_on(terminal: User, name: str) -> None:
    with terminal.started("events", "--since", "0", "--json") as process:
        assert process.stdout is not None
        seen: list[dict[str, Any]] = []
        for line in process.stdout:
            event = json.loads(line)
            if event.get("details", {}).get("name") == name:
                seen.append(event)
            if event.get("event") == "start" and seen:
                break
    assert [event["event"] for event in seen] == ["create", "start"]


def test_what_is_there_and_what_can_not_be_pulled(terminal: User) -> None:
    images = terminal.read("images", IMAGE.partition(":")[0])["images"]
    assert any(IMAGE in image["tags"] for image in images)
    terminal.run("pull", "registry.invalid/nothing:1", code=5)
    assert terminal.errors.startswith("error: ")
    assert terminal.read("system", "info")["docker_version"]
    assert terminal.read("system", "health")["checks"]["docker"]["status"] == "healthy"


def test_a_shell_is_a_terminal(terminal: User, name: str) -> None:
    with Pty(terminal, "shell", name) as shell:
        before = shell.attributes
        shell.until(rb"# ")
        shell.type("stty size; echo $TERM\n")
        shell.until(rb"24 80\r\n")
        shell.until(rb"xterm\r\n")
        shell.resize(rows=50, cols=133)
        shell.type("stty size\n")
        shell.until(rb"50 133\r\n")
        # The line must be printed by the command: the shell's own editing takes Ctrl-C as a key.
        shell.type("sh -c 'echo asl''eep; sleep 600'\n")
        shell.until(rb"\nasleep\r\n")
        shell.type("\x03")
        shell.type("echo $((6*7)) 汉字\n")
        shell.until("42 汉字\r\n".encode())
        assert shell.attributes != before
        shell.type("exit 9\n")
        assert shell.ended() == 9
        assert shell.attributes == before


def test_a_shell_can_be_left(terminal: User, name: str) -> None:
    with Pty(terminal, "exec", "-it", name, "sh") as shell:
        before = shell.attributes
        shell.until(rb"# ")
        shell.type("echo $((6*7))\n")
        shell.until(rb"42\r\n")
        shell.type("\x10\x11")
        shell.until(rb"Left \S+; its command goes on")
        assert shell.ended() == 0
        assert shell.attributes == before
    assert "sh" in terminal.run("top", name)


def test_a_killed_shell_gives_the_terminal_back(terminal: User, name: str) -> None:
    with Pty(terminal, "shell", name) as shell:
        before = shell.attributes
        shell.until(rb"# ")
        shell.type("echo $((6*7))\n")
        shell.until(rb"42\r\n")
        shell.process.send_signal(signal.SIGTERM)
        assert shell.ended() == 128 + signal.SIGTERM
        assert shell.attributes == before


def test_a_shell_over_a_bad_network_loses_nothing(
    terminal: User, name: str, shared_server: ServerProcess
) -> None:
    with (
        BadNetwork(shared_server.port) as network,
        Pty(terminal, "shell", name, environment=terminal.through(network.url)) as shell,
    ):
        shell.until(rb"# ")
        shell.type("i=0; while [ $i -lt 4000 ]; do echo n$i; i=$((i+1)); done; exit 66\n")
        for number in (300, 1200, 2500):
            shell.until(b"n%d\r\n" % number)
            network.cut()
        assert shell.ended() == 66
    numbers = [int(found) for found in re.findall(rb"n(\d+)\r\n", shell.output)]
    assert numbers == list(range(4000)), bytes(shell.output[-200:])
    assert network.cuts >= 1  # A cut may find the connection broken already.


def test_a_large_paste_arrives_whole(terminal: User, name: str) -> None:
    with Pty(terminal, "shell", name) as shell:
        shell.until(rb"# ")
        shell.type("stty raw -echo; echo ready; head -c 3000000 | md5sum; exit\n")
        shell.until(rb"ready\n")
        shell.type("0123456789" * 300_000)
        shell.until(rb"[0-9a-f]{32}  -")
        assert shell.ended() == 0
    expected = subprocess.run(["md5sum"], input=b"0123456789" * 300_000, capture_output=True, check=True)
    assert expected.stdout.split()[0] in shell.output


class Pty:
    """A command at a terminal of its own, and a user in front of it."""

    def __init__(self, user: User, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._master, slave = pty.openpty()
        self.resize(rows=24, cols=80)
        self.output = bytearray()
        self._looked = 0
        self._over = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "eulermaker", *arguments],
            env={**(environment or user.environment), "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        # Held by the command alone, so that the end of what it shows is known.
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def attributes(self) -> list[Any]:
        """How the terminal is set."""
        return termios.tcgetattr(self._master)

    def resize(self, *, rows: int, cols: int) -> None:
        """Give the window another size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, keys: str) -> None:
        """Type, and look at what is shown meanwhile."""
        rest = memoryview(keys.encode())
        while rest:
            self._look(0)
            _, writable, _ = select.select([], [self._master], [], 0.1)
            if writable:
                rest = rest[os.write(self._master, rest[:1024]) :]

    def until(self, pattern: bytes) -> None:
        """Look until the pattern is shown behind what was waited for last."""
        deadline = time.monotonic() + SECONDS
        while (found := re.compile(pattern).search(self.output, self._looked)) is None:
            assert time.monotonic() < deadline, bytes(self.output[-2000:])
            assert not self._over, bytes(self.output[-2000:])
            self._look(0.1)
        self._looked = found.end()

    def ended(self) -> int:
        """The exit code, once all was shown."""
        deadline = time.monotonic() + SECONDS
        while not self._over:
            assert time.monotonic() < deadline, bytes(self.output[-2000:])
            self._look(0.1)
        return self.process.wait(SECONDS)

    def _look(self, seconds: float) -> None:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            try:
                self.output += os.read(self._master, 65536)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                self._over = True


class BadNetwork:
    """Carries connections to a server until it is told to break them all."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._carried: list[socket.socket] = []
        self._broken: list[socket.socket] = []
        self.cuts = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for each in (self._listener, *self._broken):
            each.close()

    def cut(self) -> None:
        """Break every connection without a word."""
        carried, self._carried = self._carried, []
        for each in carried:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._broken += carried
        self.cuts += bool(carried)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._carried += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)

"""The real server as a process of its own: start it, kill it, start it again."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import anyio
import asyncpg
import httpx
import sqlalchemy as sa

START_SECONDS = 120.0
STOP_SECONDS = 30.0
PASSWORD = "correct horse battery staple"
IMAGE = "eulermaker/test-busybox:latest"
#: The servers speak plain HTTP, and reading the system's certificates takes a client 20 ms.
NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TERMINAL = {"success", "failed", "cancelled", "timeout"}


class Process(Protocol):
    """A process that was started, as subprocess.Popen offers it."""

    pid: int

    def poll(self) -> int | None:
        """The exit code of one that has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; raises subprocess.TimeoutExpired."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal to one that still runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it as `kill -9` does."""


def command(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start the command `eulermaker` as a shell does; its output goes to the end of the log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "eulermaker", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


class ServerProcess:
    """One server; it keeps its data directory, port and settings over restarts."""

    #: How a server is started; tests/conftest.py chooses what is quicker.
    launch: Callable[[Sequence[str], Mapping[str, str], Path], Process] = staticmethod(command)

    def __init__(self, data_dir: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = data_dir.with_name(f"{data_dir.name}.log")
        self.environment = {
            **os.environ,
            "EULERMAKER_DATA_DIR": str(data_dir),
            "EULERMAKER_ADMIN_PASSWORD": PASSWORD,
            # Tests ask more often than people do; those of the limits switch them on.
            "EULERMAKER_RATE_LIMIT__ENABLED": "false",
            # A machine that is busy with other tests makes the loop late; those of overload say what is late.
            "EULERMAKER_OVERLOAD__MAX_LAG_SECONDS": "30",
            **(environment or {}),
        }
        self.process: Process | None = None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.process = self.launch(["serve", "--port", str(self.port)], self.environment, self.log_path)
        self.wait_until_answering()

    def wait_until_answering(self) -> None:
        """Return when `/healthz` answers; fails with the log when the process ends or is too slow."""
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(base_url=self.url, timeout=2, verify=NO_TRUST) as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    if client.get("/healthz").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.05)
        raise AssertionError(f"the server does not answer:\n{self.log()}")

    def kill(self) -> None:
        """End the process as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask the process to end (SIGTERM); tells its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop:\n{self.log()}") from None

    def log(self) -> str:
        """What the process has logged, over all of its lives."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @contextmanager
    def running(self) -> Iterator["ServerProcess"]:
        """The server from its start to its end."""
        try:
            self.start()
            yield self
        finally:
            # Also one that was too slow to start: nobody else would end it.
            if self.process is not None and self.process.poll() is None:
                self.stop()

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """A client signed in as the first administrator."""
        with self.client(language="en") as client:
            answer = client.post("/api/v1/auth/login", json={"username": "admin", "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {answer.json()['data']['token']}"
            yield client

    def client(self, *, language: str | None = None, token: str | None = None) -> httpx.Client:
        """A client of this server, not signed in unless a token is given."""
        headers = {"Accept-Language": language, "Authorization": token and f"Bearer {token}"}
        return httpx.Client(
            base_url=self.url,
            headers={name: value for name, value in headers.items() if value},
            timeout=60,
            verify=NO_TRUST,
        )


def own_name(name: str) -> str:
    """An image name that no user of an earlier run has taken: the engine outlives the tests' users."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def build(client: httpx.Client, dockerfile: str, **fields: Any) -> str:
    """Create and execute a build of that Dockerfile; tells its id."""
    body = {"name": "test-build", "dockerfile_content": dockerfile, "execute": True, **fields}
    answer = client.post("/api/v1/builds", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def detail(client: httpx.Client, identifier: str) -> dict[str, Any]:
    """The build's detail."""
    answer = client.get(f"/api/v1/builds/{identifier}")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def finished(client: httpx.Client, identifier: str, *, seconds: float = 120) -> dict[str, Any]:
    """The build's detail once it has ended."""
    return reached(client, identifier, TERMINAL, seconds=seconds)


def reached(
    client: httpx.Client, identifier: str, statuses: set[str], *, seconds: float = 120
) -> dict[str, Any]:
    """The build's detail once it has one of the statuses."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = detail(client, identifier)
        if found["status"] in statuses:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{identifier} is still {found['status']}: {found}")


def log_lines(client: httpx.Client, identifier: str) -> list[str]:
    """All lines of the build's log."""
    answer = client.get(f"/api/v1/builds/{identifier}/logs", params={"since_seq": 0})
    return list(answer.json()["data"]["logs"])


@contextmanager
def fresh_postgres(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """A new database on that PostgreSQL server, a copy of another; dropped at the end."""
    url = sa.make_url(server_url)
    name = f"eulermaker_{uuid.uuid4().hex[:12]}"
    anyio.run(_administer, url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        anyio.run(_administer, url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _administer(url: sa.URL, statement: str) -> None:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

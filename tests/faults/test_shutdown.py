"""SIGTERM: requests are answered, sockets told why, builds go back into the queue at no cost."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.faults.engines import EngineView, processes_with
from tests.faults.followers import follow
from tests.faults.invariants import nothing_lost
from tests.faults.waiting import folder, wait_for_log, wait_until
from tests.server import IMAGE, ServerProcess, build, command

MARKER = "a step that ends with its server"
STEP = f"FROM {IMAGE}\nRUN echo begun; sleep 2; : {MARKER}"


def test_builds_finish_after_the_restart_and_lose_no_attempt(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    builds = [build(client, STEP, name=f"stopped-{n}", cache_enabled=False) for n in range(4)]
    followers = {identifier: follow(server, client, identifier) for identifier in builds}
    wait_for_log(server, builds[0], '"data":"begun"')
    with connect(_socket_url(server, client, builds[0])) as websocket:
        websocket.recv()
        assert server.stop() == 0
        wait_until(lambda: not processes_with(MARKER), "the steps to end", seconds=10)
        with pytest.raises(ConnectionClosed) as closed:
            _read_on(websocket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert closed.value.rcvd.reason == "server is shutting down"
    server.start()
    details = nothing_lost(server, client, engine, dict.fromkeys(builds, "success"), followers=followers)
    assert [details[identifier]["attempts"] for identifier in builds] == [1, 1, 1, 1]


@pytest.mark.usefixtures("any_database")
def test_a_request_in_flight_is_answered(server: ServerProcess, client: httpx.Client) -> None:
    identifier = build(client, f"FROM {IMAGE}\nCOPY file /file", execute=False)
    content = b"x" * 100_000
    assert server.process is not None
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = (
            f"PUT /api/v1/builds/{identifier}/context/file HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: {client.headers['Authorization']}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        connection.sendall(head.encode() + content[:50_000])
        wait_until(lambda: any(folder(server, identifier).glob("*.part")), "the upload to begin")
        server.process.terminate()
        wait_until(lambda: not _accepts(server), "the server to take no more connections")
        connection.sendall(content[50_000:])
        connection.settimeout(20)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert server.process.wait(30) == 0
    assert (folder(server, identifier) / "context" / "file").read_bytes() == content


@pytest.mark.usefixtures("any_database")
def test_the_command_itself_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    server.launch = command  # the other tests' servers are forked
    with server.running():
        assert server.stop() == 0


@pytest.mark.usefixtures("any_database")
def test_a_second_server_on_the_same_directory_refuses(server: ServerProcess) -> None:
    code, said = _started(server.environment)
    assert code == 2
    assert said == f"eulermaker: EULERMAKER_DATA_DIR: another server uses {server.data_dir}\n"


@pytest.mark.usefixtures("any_database")
def test_a_second_server_on_the_same_sqlite_file_refuses(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "shared.db"
    shared = {"EULERMAKER_DATABASE_URL": f"sqlite+aiosqlite:///{file}"}
    with ServerProcess(tmp_path / "first", shared).running():
        code, said = _started(server.environment | shared | {"EULERMAKER_DATA_DIR": str(tmp_path / "second")})
    assert code == 2
    assert said == f"eulermaker: EULERMAKER_DATABASE_URL: another server uses {file}\n"


@pytest.mark.usefixtures("any_database")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EULERMAKER_DATABASE_URL", "mysql://nowhere"),
        ("EULERMAKER_BUILD__MAX_CONCURRENT", "0"),
        ("EULERMAKER_BUILD__MAX_CONCURRENT", "many"),
        ("EULERMAKER_DOCKER_HOST", "/var/run/docker.sock"),
        ("EULERMAKER_ENVIRONMENT", "staging"),
        ("EULERMAKER_SECRET_KEY", "short"),
        ("EULERMAKER_CONFIG", "/nonexistent.toml"),
        ("EULERMAKER_DATA_DIR", "/dev/null/data"),
    ],
)
def test_a_wrong_setting_stops_the_start(tmp_path: Path, key: str, value: str) -> None:
    environment = ServerProcess(tmp_path / "data").environment | {key: value}
    code, said = _started(environment)
    assert code == 2
    assert said.startswith(f"eulermaker: {key}: "), said
    assert said.count("\n") == 1, said


def _started(environment: dict[str, str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "eulermaker", "serve", "--port", "0"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return run.returncode, run.stderr


def _accepts(server: ServerProcess) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


def _read_on(websocket: ClientConnection) -> None:
    while True:
        websocket.recv(timeout=20)


def _socket_url(server: ServerProcess, client: httpx.Client, identifier: str) -> str:
    ticket = client.post("/api/v1/auth/ws-ticket").json()["data"]["ticket"]
    return f"{server.url.replace('http', 'ws', 1)}/ws/builds/{identifier}/logs?ticket={ticket}"

"""The system's routes: documented shapes, who may see and set what, maintenance and overload for real."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from eulermaker import __version__
from tests.api.answers import MOMENT, data_of, done, is_chinese, refusal_of, refused_fields
from tests.api.servers import tailored
from tests.server import ServerProcess

SYSTEM = "/api/v1/system"
MAINTENANCE = f"{SYSTEM}/maintenance"
DRAFT = {"name": "system", "dockerfile_content": "FROM scratch\nCOPY a /\n"}
WAIT = 60.0


@pytest.fixture
def in_maintenance(admin: httpx.Client) -> Iterator[Callable[..., Any]]:
    """Begins maintenance, which ends with the test."""

    def begin(**wanted: Any) -> Any:
        return data_of(admin.put(MAINTENANCE, json=wanted), message="Maintenance has begun")

    yield begin
    assert admin.delete(MAINTENANCE).status_code == 200


def test_info_tells_what_is_installed_and_how_much_there_is(admin: httpx.Client) -> None:
    deadline = time.monotonic() + WAIT
    while (before := data_of(admin.get(f"{SYSTEM}/info")))["containers"] is None:
        assert time.monotonic() < deadline, "the live view does not connect"
        time.sleep(0.05)
    assert set(before) >= {
        "version",
        "docker_version",
        "platform",
        "uptime",
        "containers",
        "images",
        "builds",
    }
    assert before["version"] == __version__
    assert before["docker_version"][0].isdigit()
    assert before["platform"].startswith("linux/")
    assert isinstance(before["uptime"], int)
    assert MOMENT.fullmatch(before["started_at"])
    counts = before["containers"]
    assert counts["total"] == sum(count for status, count in counts.items() if status != "total")
    assert {"running", "stopped"} <= set(counts)
    assert before["images"]["total"] >= 1
    assert before["images"]["size"].endswith(("MB", "GB", "TB"))
    assert set(before["builds"]) == {
        "total", "pending", "running", "success", "failed", "cancelled", "timeout",
    }  # fmt: skip
    build = data_of(admin.post("/api/v1/builds", json=DRAFT), 201, message="Build created")["id"]
    after = data_of(admin.get(f"{SYSTEM}/info"))["builds"]
    assert admin.delete(f"/api/v1/builds/{build}").status_code == 200
    assert (after["total"], after["pending"]) == (
        before["builds"]["total"] + 1,
        before["builds"]["pending"] + 1,
    )


def test_resources_have_the_documented_fields(admin: httpx.Client) -> None:
    told = data_of(admin.get(f"{SYSTEM}/resources"))
    assert set(told) == {"cpu", "memory", "disk", "network"}
    assert set(told["cpu"]) == {"usage_percent", "cores"}
    assert 0 <= told["cpu"]["usage_percent"] <= 100
    for space in (told["memory"], told["disk"]):
        assert set(space) == {"total", "used", "available", "usage_percent"}
        assert 0 < space["used"] < space["total"]
        assert 0 <= space["usage_percent"] <= 100
    assert set(told["network"]) == {"rx_bytes", "tx_bytes"}


def test_the_configuration_has_no_secrets(
    admin: httpx.Client, shared_server: ServerProcess, database_kind: str
) -> None:
    answer = admin.get(f"{SYSTEM}/config")
    told = data_of(answer)
    assert told["api"]["version"] == "v1"
    assert told["api"]["rate_limit"] == {
        "enabled": False,
        "requests_per_minute": 100,
        "auth": 10,
        "containers": 100,
        "builds": 20,
        "reads": 200,
        "websockets": 50,
    }
    assert told["docker"]["host"].startswith(("unix://", "tcp://"))
    assert told["docker"]["version"].startswith("1.")
    assert (
        told["build"] | {"max_concurrent": 3, "cache_enabled": True, "default_timeout": 1800} == told["build"]
    )
    assert told["database"] == database_kind
    secrets = [
        shared_server.environment["EULERMAKER_ADMIN_PASSWORD"],
        shared_server.environment.get("EULERMAKER_DATABASE_URL", "sqlite+aiosqlite"),
        (shared_server.data_dir / "secret-key").read_text().strip(),
    ]
    assert not [secret for secret in secrets if secret in answer.text]


def test_health_tells_every_component(anonymous: httpx.Client) -> None:
    answer = anonymous.get(f"{SYSTEM}/health")
    told = data_of(answer)
    assert set(told) == {"status", "checks", "timestamp"}
    assert set(told["checks"]) == {
        "database", "docker", "redis", "live_view", "repositories", "disk", "load",
    }  # fmt: skip
    for check in told["checks"].values():
        assert set(check) == {"status", "message"}
    assert told["checks"]["redis"] == {"status": "disabled", "message": "未使用 Redis"}
    assert told["checks"]["docker"]["status"] == "healthy"
    assert told["checks"]["database"]["status"] == "healthy"


@pytest.mark.parametrize("path", ["info", "resources", "config", "maintenance"])
def test_everybody_who_has_signed_in_may_look(people: dict[str, httpx.Client], path: str) -> None:
    for name, client in people.items():
        assert client.get(f"{SYSTEM}/{path}").status_code == (401 if name == "anonymous" else 200), name


def test_only_administrators_set_maintenance(people: dict[str, httpx.Client]) -> None:
    for name in ("anonymous", "readonly", "owner", "operator"):
        expected = (
            (401, "UNAUTHORIZED", "token-missing") if name == "anonymous" else (403, "FORBIDDEN", "forbidden")
        )
        refusal_of(people[name].put(MAINTENANCE, json={"message": "mine"}), *expected)
        refusal_of(people[name].delete(MAINTENANCE), *expected)
    assert data_of(people["administrator"].get(MAINTENANCE))["enabled"] is False
    begun = people["administrator"].put(MAINTENANCE, json={"message": "disks"})
    assert data_of(begun, message="Maintenance has begun")["started_by"] == "administrator"
    done(people["administrator"].delete(MAINTENANCE), "Maintenance has ended")


def test_in_maintenance_writes_are_answered_with_503_and_reads_go_on(
    admin: httpx.Client, anonymous: httpx.Client, in_maintenance: Callable[..., Any]
) -> None:
    until = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    window = in_maintenance(message=" new \n disks ", until=until, type="scheduled")
    assert window == data_of(admin.get(MAINTENANCE))
    assert window["enabled"] is True
    assert window["message"] == "new disks"
    assert MOMENT.fullmatch(window["until"])

    for method, path in (
        ("POST", "/api/v1/builds"),
        ("DELETE", "/api/v1/builds/build_000000000000"),
        ("POST", "/api/v1/containers"),
        ("PUT", "/nowhere"),
    ):
        refused = admin.request(method, path)
        error = refusal_of(refused, 503, "INTERNAL_ERROR", "maintenance")
        assert 1 <= int(refused.headers["Retry-After"]) <= 600
        assert error["details"] == {
            "maintenanceType": "scheduled",
            "estimatedEndTime": window["until"],
            "message": "new disks",
        }
    told = admin.post("/api/v1/builds", headers={"X-Error-Dialect": "004"}).json()["error"]
    assert told["code"] == "E900"
    assert is_chinese(anonymous.post("/api/v1/builds").json()["error"]["message"])

    assert admin.get("/api/v1/builds").status_code == 200
    assert admin.get(f"{SYSTEM}/info").status_code == 200
    assert admin.post("/api/v1/auth/refresh").status_code == 200
    done(admin.delete(MAINTENANCE), "Maintenance has ended")
    assert admin.post("/api/v1/builds", json={}).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": " \n "}, "message"),
        ({"message": "x" * 501}, "message"),
        ({"message": 5}, "message"),
        ({"message": "x", "until": "tomorrow"}, "until"),
        ({"message": "x", "until": "2099-01-01T00:00:00"}, "until"),
        ({"message": "x", "until": "9999-12-31T23:59:59-12:00"}, "until"),
        ({"message": "x", "until": 1770000000}, "until"),
        ({"message": "x", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"message": "x", "type": "holiday"}, "type"),
        ({"message": "x", "kind": "scheduled"}, "kind"),
    ],
)
def test_maintenance_that_cannot_be_is_refused_by_field(
    admin: httpx.Client, body: dict[str, Any], field: str
) -> None:
    assert set(refused_fields(admin.put(MAINTENANCE, json=body))) == {field}
    assert data_of(admin.get(MAINTENANCE))["enabled"] is False


def test_maintenance_outlives_the_process(server: ServerProcess) -> None:
    with server.signed_in() as client:
        assert client.put(MAINTENANCE, json={"message": "disks"}).status_code == 200
        server.kill()
        server.start()
        deadline = time.monotonic() + WAIT
        while client.post("/api/v1/builds", json={}).status_code != 503:
            assert time.monotonic() < deadline
        assert client.get("/api/v1/builds").status_code == 200


def test_without_an_engine_the_rest_is_told(tmp_path: Path) -> None:
    settings = {"EULERMAKER_DOCKER_HOST": f"unix://{tmp_path}/no-engine.sock"}
    with tailored("sqlite", tmp_path / "data", settings) as server, server.signed_in() as client:
        info = data_of(client.get(f"{SYSTEM}/info"))
        assert [info[name] for name in ("docker_version", "platform", "containers", "images")] == [None] * 4
        assert (info["version"], info["builds"]["total"]) == (__version__, 0)
        assert data_of(client.get(f"{SYSTEM}/config"))["docker"] == {
            "host": settings["EULERMAKER_DOCKER_HOST"],
            "version": None,
        }
        assert data_of(client.get(f"{SYSTEM}/resources"))["memory"]["total"] > 0
        told = data_of(client.get(f"{SYSTEM}/health"), 503)
        assert told["status"] == "unhealthy"
        assert told["checks"]["docker"]["status"] == "unhealthy"
        assert told["checks"]["live_view"]["status"] == "degraded"
        assert told["checks"]["database"]["status"] == "healthy"


# Overload


@contextmanager
def stuttering(server: ServerProcess) -> Iterator[None]:
    """The process stopped for a quarter of a second again and again: its loop comes back late."""
    stop = threading.Event()
    process = server.process
    assert process is not None

    def stutter() -> None:
        while not stop.is_set():
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.25)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.1)

    thread = threading.Thread(target=stutter)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_an_overloaded_server_sheds_new_work_and_keeps_health_and_administration(
    tmp_path: Path,
) -> None:
    settings = {"EULERMAKER_OVERLOAD__MAX_LAG_SECONDS": "0.1"}
    with (
        tailored("sqlite", tmp_path / "data", settings) as server,
        server.signed_in() as client,
    ):
        deadline = time.monotonic() + WAIT
        with stuttering(server):
            while (refused := client.get("/api/v1/builds")).status_code != 503:
                assert time.monotonic() < deadline
            error = refusal_of(refused, 503, "INTERNAL_ERROR", "overloaded")
            assert refused.headers["Retry-After"] == str(error["details"]["retryAfter"])
            assert error["details"]["currentLoad"] >= 100
            assert client.get("/healthz").status_code == 200
            assert client.get(f"{SYSTEM}/health").status_code == 200
            assert client.get(MAINTENANCE).status_code == 200
            headers = {"Authorization": client.headers["Authorization"]}
            url = f"ws://127.0.0.1:{server.port}/ws/builds/build_000000000000/logs"
            while True:
                assert time.monotonic() < deadline
                with (
                    pytest.raises(InvalidStatus) as denied,
                    connect(url, additional_headers=headers, open_timeout=60, proxy=None),
                ):
                    pass
                if denied.value.response.status_code == 503:
                    break
        while client.get("/api/v1/builds").status_code != 200:
            assert time.monotonic() < deadline


def test_requests_that_hang_are_a_load_and_streams_are_none(tmp_path: Path) -> None:
    settings = {"EULERMAKER_OVERLOAD__MAX_IN_FLIGHT": "1"}
    with (
        tailored("sqlite", tmp_path / "data", settings) as server,
        server.signed_in() as client,
        server.signed_in() as slow,
    ):
        build = data_of(client.post("/api/v1/builds", json=DRAFT), 201, message="Build created")["id"]
        with slow.stream("GET", f"/api/v1/builds/{build}/logs", params={"follow": "true"}) as followed:
            assert followed.status_code == 200
            assert client.get("/api/v1/builds").status_code == 200
        entered, leave = threading.Event(), threading.Event()

        def trickle() -> Iterator[bytes]:
            yield b"a"
            entered.set()
            leave.wait(WAIT)
            yield b"b"

        upload: list[int] = []
        path = f"/api/v1/builds/{build}/context/a"
        thread = threading.Thread(target=lambda: upload.append(slow.put(path, content=trickle()).status_code))
        thread.start()
        assert entered.wait(WAIT)
        deadline = time.monotonic() + WAIT
        while (refused := client.get("/api/v1/builds")).status_code != 503:
            assert time.monotonic() < deadline
        refusal_of(refused, 503, "INTERNAL_ERROR", "overloaded")
        assert client.get(f"{SYSTEM}/info").status_code == 200
        leave.set()
        thread.join()
        assert upload == [200]
        assert client.get("/api/v1/builds").status_code == 200


def test_builds_are_not_queued_behind_those_that_wait_too_long(tmp_path: Path) -> None:
    settings = {
        "EULERMAKER_OVERLOAD__MAX_QUEUE_SECONDS": "0.5",
        "EULERMAKER_BUILD__MAX_CONCURRENT": "1",
    }
    sleeper = {
        "name": "sleeper",
        "dockerfile_content": "FROM eulermaker/test-busybox:latest\nRUN sleep 300\n",
        "execute": True,
        "cache_enabled": False,
    }
    with (
        tailored("sqlite", tmp_path / "data", settings) as server,
        server.signed_in() as client,
    ):
        queued = [client.post("/api/v1/builds", json=sleeper).json()["data"]["id"] for _ in range(2)]
        draft = data_of(
            client.post("/api/v1/builds", json={**sleeper, "execute": False}), 201, message="Build created"
        )["id"]
        deadline = time.monotonic() + WAIT
        while (refused := client.post("/api/v1/builds", json=sleeper)).status_code == 201:
            assert time.monotonic() < deadline
            queued.append(refused.json()["data"]["id"])
            time.sleep(0.2)
        refusal_of(refused, 503, "INTERNAL_ERROR", "overloaded")
        refusal_of(client.post(f"/api/v1/builds/{draft}/execute"), 503, "INTERNAL_ERROR", "overloaded")
        assert client.get("/api/v1/builds").status_code == 200
        for build in reversed(queued):
            assert client.post(f"/api/v1/builds/{build}/cancel").status_code == 200
        while (executed := client.post(f"/api/v1/builds/{draft}/execute")).status_code == 503:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert executed.status_code == 200
        assert client.post(f"/api/v1/builds/{draft}/cancel").status_code == 200

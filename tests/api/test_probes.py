"""Probes over the API, as documented: real targets, a real container, what is stored and shown."""

import json
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from anyio.from_thread import start_blocking_portal
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from eulermaker.kernel.database import Database
from tests.api.answers import MOMENT, data_of, done, is_chinese, refusal_of, refused_fields
from tests.api.people import database_url
from tests.api.terminals import act, container
from tests.api.things import until
from tests.server import ServerProcess
from tests.watched import Watched, watched

PROBES = "/api/v1/probes"
SECONDS = 30.0


@pytest.fixture
def target() -> Iterator[Watched]:
    """A healthy target."""
    with watched() as running:
        yield running


@pytest.fixture
def made(admin: httpx.Client) -> Iterator[Callable[..., dict[str, Any]]]:
    """Adds probes as the administrator, and removes them at the end."""
    identifiers: list[str] = []

    def add(probe_type: str = "http", *, name: str = "health-check", **fields: Any) -> dict[str, Any]:
        body = {"probe_type": probe_type, "name": name, **fields}
        probe: dict[str, Any] = data_of(admin.post(PROBES, json=body), 201, message="Probe added")
        identifiers.append(probe["id"])
        return probe

    yield add
    for identifier in identifiers:
        admin.delete(f"{PROBES}/{identifier}")


def detail(client: httpx.Client, probe: str) -> dict[str, Any]:
    """The probe's detail."""
    found: dict[str, Any] = data_of(client.get(f"{PROBES}/{probe}"))
    return found


def reached(client: httpx.Client, probe: str, **wanted: Any) -> dict[str, Any]:
    """The probe's detail once its fields are as wanted."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = detail(client, probe)
        if all(found[name] == value for name, value in wanted.items()):
            return found
        time.sleep(0.05)
    raise AssertionError(f"not {wanted}: {found}")


def results(client: httpx.Client, probe: str, **query: Any) -> dict[str, Any]:
    """A page of the probe's results."""
    found: dict[str, Any] = data_of(client.get(f"{PROBES}/{probe}/results", params=query))
    return found


def check(client: httpx.Client, probe: str) -> dict[str, Any]:
    """Check now."""
    told: dict[str, Any] = data_of(client.post(f"{PROBES}/{probe}/check"), message="Checked")
    return told


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    """A container that does nothing."""
    with container() as identifier:
        yield identifier


def in_container(client: httpx.Client, identifier: str, body: dict[str, Any]) -> dict[str, Any]:
    """Add a probe, once the view knows its container."""
    deadline = time.monotonic() + SECONDS
    while True:
        answer = client.post(PROBES, json=body)
        unknown = answer.headers.get("X-Error-Code") in ("container-not-found", "engine-unavailable")
        if not unknown or time.monotonic() > deadline:
            probe: dict[str, Any] = data_of(answer, 201, message="Probe added")
            return probe
        time.sleep(0.05)


def test_the_documented_way_of_a_probe(
    admin: httpx.Client, target: Watched, made: Callable[..., dict[str, Any]]
) -> None:
    config = {"url": target.url, "method": "GET", "timeout": 5, "interval": 30, "retries": 3}
    probe = made(config={**config, "success_threshold": 1, "failure_threshold": 3}, labels={"team": "a"})
    assert probe["status"] == "active"
    assert probe["container_id"] is None
    assert probe["config"].items() >= config.items()
    assert MOMENT.fullmatch(probe["created_at"])

    shown = reached(admin, probe["id"], last_result="success", state="success")
    assert shown["statistics"] | {"uptime": None, "response_time": None} == {
        "total_checks": 1,
        "success_count": 1,
        "failure_count": 0,
        "unknown_count": 0,
        "success_rate": 100.0,
        "uptime": None,
        "response_time": None,
    }
    assert set(shown["statistics"]["uptime"]) == {"24h", "7d", "30d"}
    assert shown["changes"][0] | {"at": None} == {
        "at": None,
        "before": "unknown",
        "after": "success",
        "details": {"status_code": 200, "response_body": "OK"},
    }

    page = results(admin, probe["id"], limit=50)
    assert page["total"] == 1
    [result] = page["results"]
    assert result["status"] == "success"
    assert result["response_time"] > 0
    assert result["details"] == {"status_code": 200, "response_body": "OK"}
    assert result["timestamp"] == shown["last_check"]

    listed = data_of(admin.get(PROBES, params={"label": "team=a", "name": "HEALTH"}))
    assert [one["id"] for one in listed["probes"]] == [probe["id"]]
    assert listed["probes"][0].items() >= {"status": "active", "last_result": "success"}.items()
    done(admin.delete(f"{PROBES}/{probe['id']}"), "Probe deleted")
    refusal_of(admin.get(f"{PROBES}/{probe['id']}"), 404, "RESOURCE_NOT_FOUND", "probe-not-found")


def test_thresholds_changes_and_alert(
    admin: httpx.Client, target: Watched, made: Callable[..., dict[str, Any]]
) -> None:
    probe = made(config={"url": target.url, "interval": 600, "failure_threshold": 2}, severity="critical")
    reached(admin, probe["id"], state="success")
    target.status = 503
    assert check(admin, probe["id"]) | {"timestamp": 0, "response_time": 0} == {
        "timestamp": 0,
        "status": "failure",
        "response_time": 0,
        "details": {"error": "unexpected status", "status_code": 503, "response_body": "OK"},
        "recorded": True,
    }
    assert detail(admin, probe["id"])["state"] == "success", "one failure is not enough"
    check(admin, probe["id"])
    shown = detail(admin, probe["id"])
    assert (shown["state"], shown["last_result"]) == ("failure", "failure")
    assert [change["after"] for change in shown["changes"]] == ["failure", "success"]
    assert shown["statistics"]["success_rate"] == pytest.approx(33.33)
    alerts = data_of(admin.get("/api/v1/notifications/alerts"))["alerts"]
    [alert] = [one for one in alerts if one["probe_id"] == probe["id"]]
    assert (alert["severity"], alert["status"]) == ("critical", "firing")
    target.status = 200
    check(admin, probe["id"])
    assert detail(admin, probe["id"])["state"] == "success"
    alerts = data_of(admin.get("/api/v1/notifications/alerts"))["alerts"]
    assert [one["status"] for one in alerts if one["probe_id"] == probe["id"]] == ["resolved"]


def test_changes_are_merged_and_a_mask_keeps_the_secret(
    admin: httpx.Client,
    target: Watched,
    made: Callable[..., dict[str, Any]],
    shared_server: ServerProcess,
    database_kind: str,
) -> None:
    secret, key = "Bearer of-nobody-elses-business", "key-of-nobody-elses-business"
    url, shown_url = f"{target.url}?api_key={key}", f"{target.url}?api_key=********"
    headers = {"Authorization": secret, "X-A": "1"}
    probe = made(config={"url": url, "interval": 600, "headers": headers})
    assert probe["config"]["url"] == shown_url
    assert probe["config"]["headers"] == {"Authorization": "********", "X-A": "1"}
    body = {
        "name": "updated-health-check",
        "config": {
            "url": shown_url,
            "interval": 60,
            "headers": {"Authorization": "********", "X-A": "2"},
        },
        "labels": {"tier": "web"},
    }
    changed = data_of(admin.put(f"{PROBES}/{probe['id']}", json=body), message="Probe updated")
    assert (changed["name"], changed["labels"]) == ("updated-health-check", {"tier": "web"})
    assert changed["config"]["url"] == shown_url
    assert changed["config"]["interval"] == 60
    check(admin, probe["id"])
    assert target.at_health[-1].headers.items() >= {"Authorization": secret, "X-A": "2"}.items()
    assert target.at_health[-1].query == f"api_key={key}"
    shown = json.dumps(detail(admin, probe["id"]))
    assert secret not in shown
    assert key not in shown
    if database_kind == "sqlite":
        with sqlite3.connect(shared_server.data_dir / "eulermaker.db") as database:
            stored = str(database.execute("SELECT * FROM probes").fetchall())
        assert secret not in stored
        assert key not in stored
    # They are for the server that they were given for, and for no other.
    elsewhere = {"config": {"url": shown_url.replace("127.0.0.1", "127.0.0.2")}}
    refused = refused_fields(admin.put(f"{PROBES}/{probe['id']}", json=elsewhere))
    assert set(refused) == {"config.url", "config.headers.Authorization"}
    reset = data_of(
        admin.put(f"{PROBES}/{probe['id']}", json={"config": {"headers": None}}), message="Probe updated"
    )
    assert reset["config"].get("headers", {}) == {}


def test_pause_and_resume(admin: httpx.Client, target: Watched, made: Callable[..., dict[str, Any]]) -> None:
    probe = made(config={"url": target.url, "interval": 1})["id"]
    reached(admin, probe, state="success")
    paused = data_of(admin.post(f"{PROBES}/{probe}/pause"), message="Probe paused")
    assert (paused["status"], paused["enabled"]) == ("paused", False)
    shown = reached(admin, probe, state="unknown")
    assert shown["changes"][0]["details"] == {"error": "paused"}
    asked = len(target.at_health)
    assert check(admin, probe)["recorded"] is False
    assert len(target.at_health) == asked + 1
    assert detail(admin, probe)["statistics"]["total_checks"] == shown["statistics"]["total_checks"]
    assert probe in [one["id"] for one in data_of(admin.get(PROBES, params={"status": "paused"}))["probes"]]
    data_of(admin.post(f"{PROBES}/{probe}/resume"), message="Probe resumed")
    reached(admin, probe, state="success", status="active")


def test_results_by_pages_times_and_status(
    admin: httpx.Client, target: Watched, made: Callable[..., dict[str, Any]]
) -> None:
    probe = made(config={"url": target.url, "interval": 3600, "failure_threshold": 100})["id"]
    reached(admin, probe, state="success")
    for turn in range(9):
        target.status = 500 if turn % 3 == 0 else 200
        check(admin, probe)
    everything = results(admin, probe)["results"]
    assert len(everything) == 10
    times = [one["timestamp"] for one in everything]
    assert times == sorted(times, reverse=True)
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = results(admin, probe, limit=3, **cursor)
        assert page["total"] == 10
        pages += page["results"]
        cursor = {"cursor": page["next_cursor"]}
    assert pages == everything
    assert page["next_cursor"] is None
    part = results(admin, probe, start_time=times[6], end_time=times[2])
    assert [one["timestamp"] for one in part["results"]] == times[3:7]
    assert part["total"] == 4
    failures = results(admin, probe, status="failure")
    assert failures["total"] == len(failures["results"]) == 3
    assert {one["status"] for one in failures["results"]} == {"failure"}
    for resolution in ("1m", "1h"):
        bins = results(admin, probe, resolution=resolution)["results"]
        assert sum(one["checks"] for one in bins) == 10
        assert sum(one["failure_count"] for one in bins) == 3
        assert all(one["min"] <= one["avg"] <= one["max"] for one in bins)
    assert "cursor" in refused_fields(admin.get(f"{PROBES}/{probe}/results", params={"cursor": "no!"}))


def test_a_configuration_is_tried_without_being_added(admin: httpx.Client, target: Watched) -> None:
    before = data_of(admin.get(PROBES))["total"]
    told = data_of(
        admin.post(f"{PROBES}/test", json={"probe_type": "http", "config": {"url": target.url}}),
        message="Checked",
    )
    assert (told["status"], told["recorded"]) == ("success", False)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        told = data_of(
            admin.post(
                f"{PROBES}/test", json={"probe_type": "tcp", "config": {"host": "127.0.0.1", "port": port}}
            ),
            message="Checked",
        )
    assert told["status"] == "failure"
    assert "refused" in told["details"]["error"]
    assert data_of(admin.get(PROBES))["total"] == before


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"probe_type": "smell", "config": {}}, "probe_type"),
    ({"probe_type": "http", "config": {"url": "http://x/", "interval": 0}}, "config.interval"),
    ({"probe_type": "http", "config": {"url": "http://x/", "timeout": 9, "interval": 5}}, "config.timeout"),
    ({"probe_type": "http", "config": {"url": "ftp://x/"}}, "config.url"),
    ({"probe_type": "http", "config": {"url": "http://169.254.169.254/latest"}}, "config.url"),
    ({"probe_type": "http", "config": {}}, "config.url"),
    ({"probe_type": "http", "config": {"url": "http://x/", "colour": 1}}, "config.colour"),
    ({"probe_type": "tcp", "config": {"port": 0}}, "config.port"),
    ({"probe_type": "exec", "config": {"command": []}, "container_id": "x"}, "config.command"),
    ({"probe_type": "metrics", "config": {"metrics": ["smell"]}, "container_id": "x"}, "config.metrics.0"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED, ids=[field for _, field in REFUSED])
def test_wrong_fields_are_named(admin: httpx.Client, body: dict[str, Any], field: str) -> None:
    answer = admin.post(PROBES, json={"name": "wrong", **body})
    assert set(refused_fields(answer)) == {field}
    chinese = admin.post(PROBES, json={"name": "wrong", **body}, headers={"Accept-Language": "zh"})
    assert is_chinese(refused_fields(chinese)[field])


def test_what_needs_a_container_and_has_none(admin: httpx.Client) -> None:
    body = {"name": "x", "probe_type": "exec", "config": {"command": ["true"]}}
    assert "container_id" in next(iter(refused_fields(admin.post(PROBES, json=body)).values()))
    body |= {"container_id": "container_0123456789ab"}
    answer = admin.post(PROBES, json=body)
    refusal_of(answer, 404, "RESOURCE_NOT_FOUND", "container-not-found")


def test_heartbeats(
    admin: httpx.Client, anonymous: httpx.Client, made: Callable[..., dict[str, Any]]
) -> None:
    probe = made("push", config={"interval": 1, "grace": 0})
    url, identifier = probe["push_url"], probe["id"]
    assert anonymous.get(url).status_code == 200
    reached(admin, identifier, state="success")
    reached(admin, identifier, state="failure", last_result="failure")
    assert results(admin, identifier)["results"][0]["details"]["error"] == "heartbeat missed"
    body = {"status": "success", "message": "backup done", "duration": 1234}
    assert anonymous.post(url, json=body).status_code == 200
    reached(admin, identifier, state="success")
    told = next(one for one in results(admin, identifier)["results"] if one["status"] == "success")
    assert (told["response_time"], told["details"]) == (1234, {"message": "backup done"})
    assert "push_url" not in json.dumps(detail(admin, identifier))
    renewed = data_of(admin.post(f"{PROBES}/{identifier}/push-url"), message="The heartbeat URL was replaced")
    refusal_of(anonymous.get(url), 404, "RESOURCE_NOT_FOUND", "probe-push-not-found")
    assert anonymous.get(renewed["push_url"]).status_code == 200
    refusal_of(admin.post(f"{PROBES}/{identifier}/check"), 409, "RESOURCE_CONFLICT", "probe-is-push")


def test_only_push_probes_have_heartbeat_urls(
    admin: httpx.Client, target: Watched, made: Callable[..., dict[str, Any]]
) -> None:
    probe = made(config={"url": target.url, "interval": 600})["id"]
    refusal_of(admin.post(f"{PROBES}/{probe}/push-url"), 409, "RESOURCE_CONFLICT", "probe-not-push")


def test_a_probe_in_a_container_rests_while_it_is_stopped(admin: httpx.Client) -> None:
    with container() as identifier:
        body = {
            "container_id": identifier,
            "probe_type": "exec",
            "name": "in-container",
            "config": {"command": ["true"], "interval": 1, "timeout": 1, "failure_threshold": 2},
        }
        probe = in_container(admin, identifier, body)
        try:
            assert probe["container_id"] == f"container_{identifier[:12]}"
            reached(admin, probe["id"], state="success")
            listed = data_of(admin.get(PROBES, params={"container_id": identifier[:12]}))
            assert [one["id"] for one in listed["probes"]] == [probe["id"]]
            act(identifier, "stop?t=0")
            shown = reached(admin, probe["id"], status="suspended")
            assert shown["state"] == "unknown"
            assert shown["changes"][0]["details"]["error"] == "container stopped"
            assert not any(change["after"] == "failure" for change in shown["changes"])
            act(identifier, "start")
            reached(admin, probe["id"], status="active", state="success")
        finally:
            admin.delete(f"{PROBES}/{probe['id']}")


def test_a_failing_probe_has_its_container_restarted(admin: httpx.Client) -> None:
    with container() as identifier:
        body = {
            "container_id": identifier,
            "probe_type": "exec",
            "name": "healed",
            # Well until the file is there; the restart does not remove it, so that attempts go on.
            "config": {"command": ["false"], "interval": 1, "timeout": 1, "failure_threshold": 1},
            "on_failure": {"action": "restart", "grace": 0, "cooldown": 1, "max_attempts": 2},
        }
        probe = in_container(admin, identifier, body)
        try:
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline:
                remedies = detail(admin, probe["id"])["remedies"]
                if [one["result"] for one in remedies] == ["ok", "ok"]:
                    break
                time.sleep(0.1)
            assert [(one["action"], one["result"]) for one in remedies] == [("restart", "ok")] * 2
        finally:
            admin.delete(f"{PROBES}/{probe['id']}")


def test_a_command_is_run_in_a_failing_probes_container(admin: httpx.Client) -> None:
    def remedy(*command: str) -> dict[str, Any]:
        return {"action": "command", "command": list(command), "cooldown": 1, "max_attempts": 50}

    with container() as identifier:
        body = {
            "container_id": identifier,
            "probe_type": "exec",
            "name": "mended",
            "config": {"command": ["test", "-e", "/tmp/well"], "interval": 1, "failure_threshold": 1},
            "on_failure": remedy("sh", "-c", "echo tried; exit 7"),
        }
        probe = in_container(admin, identifier, body)["id"]

        def made() -> set[tuple[str, str]]:
            return {(one["action"], one["result"]) for one in detail(admin, probe)["remedies"]}

        try:
            until(lambda: ("command", "exit 7") in made())
            admin.put(f"{PROBES}/{probe}", json={"on_failure": remedy("no-such-program")})
            until(lambda: {result for _, result in made()} & {"exit 126", "exit 127"})
            # One that helps is the last: what is well needs no remedy.
            admin.put(f"{PROBES}/{probe}", json={"on_failure": remedy("touch", "/tmp/well")})
            until(lambda: ("command", "ok") in made())
            reached(admin, probe, state="success")
            attempts = len(detail(admin, probe)["remedies"])
            check(admin, probe)
            assert len(detail(admin, probe)["remedies"]) == attempts
        finally:
            admin.delete(f"{PROBES}/{probe}")


def test_a_check_that_cannot_be_stored_is_not_told_as_one(
    admin: httpx.Client, target: Watched, made: Callable[..., dict[str, Any]], shared_server: ServerProcess
) -> None:
    probe = made(config={"url": target.url, "interval": 3600})["id"]
    reached(admin, probe, state="success")
    with nothing_stored(shared_server):
        refusal = admin.post(f"{PROBES}/{probe}/check")
    error = refusal_of(refusal, 503, "INTERNAL_ERROR", "probe-check-not-made")
    assert error["details"]["probe_id"] == probe
    assert int(refusal.headers["Retry-After"]) >= 1
    # Nothing is lost by that: it is stored as soon as that is possible.
    until(lambda: results(admin, probe)["total"] == 2)
    assert check(admin, probe)["recorded"] is True


@contextmanager
def nothing_stored(server: ServerProcess) -> Iterator[None]:
    """While somebody else holds the lock that results are written under."""
    database = Database(database_url(server))

    @asynccontextmanager
    async def locked() -> AsyncIterator[None]:
        async with database.write() as connection:
            if database.backend != "sqlite":
                await connection.execute(sa.text("LOCK TABLE probe_journal IN ACCESS EXCLUSIVE MODE"))
            yield

    with start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(locked()):
            yield
        portal.call(database.close)


def socket_of(server: ServerProcess, client: httpx.Client, query: str = "") -> ClientConnection:
    """A follower of the results."""
    headers = {"Authorization": client.headers["Authorization"]}
    url = f"ws://127.0.0.1:{server.port}/ws/probes/notifications{query}"
    return connect(url, additional_headers=headers, open_timeout=SECONDS, max_size=None)


def test_results_are_told_to_followers(
    admin: httpx.Client, target: Watched, made: Callable[..., dict[str, Any]], shared_server: ServerProcess
) -> None:
    probe = made(config={"url": target.url, "interval": 600}, labels={"followed": "yes"})["id"]
    other = made(config={"url": target.url, "interval": 600}, labels={"followed": "no"})["id"]
    for identifier in (probe, other):
        reached(admin, identifier, state="success")
    for query in (f"?probe_id={probe}", "?label=followed%3Dyes", ""):
        with socket_of(shared_server, admin, query) as follower:
            target.status = 503
            for identifier in (other, probe):
                check(admin, identifier)
            frames: list[dict[str, Any]] = []
            while not any(frame["probe_id"] == probe for frame in frames):
                frames.append(json.loads(follower.recv(timeout=SECONDS)))
        assert bool(query) is (other not in [frame["probe_id"] for frame in frames])
        frame = next(frame for frame in frames if frame["probe_id"] == probe)
        assert frame["type"] == "probe_result"
        assert frame["status"] == "failure"
        assert frame["details"]["error"] == "unexpected status"
        assert MOMENT.fullmatch(frame["timestamp"])
        assert frame["container_id"] is None


def test_a_follower_needs_a_token(shared_server: ServerProcess) -> None:
    url = f"ws://127.0.0.1:{shared_server.port}/ws/probes/notifications"
    with pytest.raises(InvalidStatus) as refused, connect(url):
        pass
    assert refused.value.response.status_code == 401


#: What each of the people is answered: to somebody else's probe, and to what makes one.
WHO = ("anonymous", "stranger", "readonly", "operator", "administrator", "foreigner", "owner")
READ = (401, 404, 200, 200, 200, 404, 200)
WRITE = (401, 404, 403, 200, 200, 404, 200)
MAKE = (401, 201, 403, 201, 201, 201, 201)
TRY = (401, 200, 403, 200, 200, 200, 200)
LIST = (401, 200, 200, 200, 200, 200, 200)
EVERYBODY = (200,) * len(WHO)
OPERATIONS: dict[tuple[str, str], tuple[tuple[int, ...], dict[str, Any] | None]] = {
    ("POST", PROBES): (MAKE, {"probe_type": "tcp", "name": "table", "config": {"host": "x", "port": 9}}),
    ("GET", PROBES): (LIST, None),
    ("POST", f"{PROBES}/test"): (
        TRY,
        {"probe_type": "tcp", "config": {"host": "192.0.2.1", "port": 9, "timeout": 0.05}},
    ),
    ("GET", f"{PROBES}/push/{{secret}}"): (EVERYBODY, None),
    ("POST", f"{PROBES}/push/{{secret}}"): (EVERYBODY, {}),
    ("GET", f"{PROBES}/{{probe}}"): (READ, None),
    ("PUT", f"{PROBES}/{{probe}}"): (WRITE, {"labels": {"changed": "yes"}}),
    ("GET", f"{PROBES}/{{probe}}/results"): (READ, None),
    ("POST", f"{PROBES}/{{probe}}/check"): ((401, 404, 403, 409, 409, 404, 409), None),
    ("POST", f"{PROBES}/{{probe}}/pause"): (WRITE, None),
    ("POST", f"{PROBES}/{{probe}}/resume"): (WRITE, None),
    ("POST", f"{PROBES}/{{probe}}/push-url"): (WRITE, None),
    ("DELETE", f"{PROBES}/{{probe}}"): (WRITE, None),
}


def test_every_operation_has_a_row(shared_server: ServerProcess) -> None:
    paths = httpx.get(f"{shared_server.url}/openapi.json", timeout=60).json()["paths"]
    found = {(m.upper(), path) for path, methods in paths.items() for m in methods if path.startswith(PROBES)}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_operation_answers_each_as_the_table_says(
    people: dict[str, httpx.Client], operation: tuple[str, str]
) -> None:
    answers, body = OPERATIONS[operation]
    owner = people["owner"]
    for who, expected in zip(WHO, answers, strict=True):
        new = {"probe_type": "push", "name": "table", "config": {"interval": 3600}}
        probe = data_of(owner.post(PROBES, json=new), 201, message="Probe added")
        secret = probe["push_url"].rpartition("/")[2]
        answer = people[who].request(
            operation[0], operation[1].format(probe=probe["id"], secret=secret), json=body
        )
        assert answer.status_code == expected, f"{who}: {answer.text}"
        if expected in (401, 403, 404):
            slug = {401: "token-missing", 403: "forbidden", 404: "probe-not-found"}[expected]
            assert answer.headers["X-Error-Code"] == slug
        if operation == ("GET", PROBES) and expected == 200:
            seen = probe["id"] in [one["id"] for one in answer.json()["data"]["probes"]]
            assert seen is (who not in ("stranger", "foreigner"))
        if operation == ("POST", PROBES) and expected == 201:
            people[who].delete(f"{PROBES}/{answer.json()['data']['id']}")
        owner.delete(f"{PROBES}/{probe['id']}")


def test_an_exec_probe_takes_the_right_to_change_the_container(
    people: dict[str, httpx.Client], running: str, admin: httpx.Client
) -> None:
    """A container that is nobody's: all may see it who may see all, but only some may run things in it."""
    config = {"command": ["true"], "interval": 600, "timeout": 5}
    body = {"probe_type": "exec", "name": "x", "config": config, "container_id": running}
    probe = in_container(admin, running, body)
    admin.delete(f"{PROBES}/{probe['id']}")
    refusal_of(people["stranger"].post(PROBES, json=body), 404, "RESOURCE_NOT_FOUND", "container-not-found")
    data_of(people["operator"].post(PROBES, json=body), 201, message="Probe added")
    for one in data_of(people["operator"].get(PROBES, params={"container_id": running}))["probes"]:
        people["operator"].delete(f"{PROBES}/{one['id']}")

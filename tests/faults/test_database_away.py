"""The database goes away and comes back: builds keep their results, requests are told to come again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import httpx
import pytest

from eulermaker.features.builds.tables import builds
from eulermaker.kernel.clock import utc_now
from eulermaker.kernel.database import Database
from tests.api.people import database_url
from tests.faults.conftest import NewServer
from tests.faults.engines import EngineView
from tests.faults.followers import follow
from tests.faults.invariants import nothing_lost
from tests.faults.postgres import OwnPostgres
from tests.faults.waiting import wait_for_log
from tests.server import IMAGE, PASSWORD, ServerProcess, build, finished, fresh_postgres

AWAY_SECONDS = 10.0
STEP = f"FROM {IMAGE}\nRUN echo begun; sleep 4; mkdir /output; echo made > /output/file"
SHORT_STEP = f"FROM {IMAGE}\nRUN echo begun; sleep 1"
FAILING = f"FROM {IMAGE}\nRUN echo begun; sleep 3; exit 7"
PROBLEM = {"Accept": "application/json, application/problem+json"}


def test_builds_outlive_an_absence_of_the_database(
    new_server: NewServer, mortal_postgres: OwnPostgres, engine: EngineView
) -> None:
    with (
        fresh_postgres(mortal_postgres.url) as url,
        on(new_server(EULERMAKER_DATABASE_URL=url)) as (server, client),
    ):
        expected = {
            build(client, STEP, name="good", cache_enabled=False): "success",
            build(client, FAILING, name="bad", cache_enabled=False): "failed",
        }
        followers = {identifier: follow(server, client, identifier) for identifier in expected}
        for identifier in expected:
            wait_for_log(server, identifier, '"data":"begun"')
        mortal_postgres.stop()
        gone = time.monotonic()
        while time.monotonic() < gone + AWAY_SECONDS:
            told_to_come_again(client)
            time.sleep(0.5)
        mortal_postgres.start()
        details = nothing_lost(server, client, engine, expected, followers=followers)
        assert [found["attempts"] for found in details.values()] == [1, 1]
        assert client.get("/readyz").status_code == 200
        nothing_lost(server, client, engine, {build(client, f"FROM {IMAGE}\nRUN echo after"): "success"})


@contextmanager
def on(server: ServerProcess) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    """A server with a client; it ends before its database does."""
    with server.signed_in() as client:
        try:
            yield server, client
        finally:
            server.stop()


def told_to_come_again(client: httpx.Client) -> None:
    """Every kind of request is answered with the catalogue's fault, none with an unknown error."""
    body = {"name": "late", "dockerfile_content": f"FROM {IMAGE}", "execute": True}
    for method, path, sent in (
        ("GET", "/api/v1/builds", None),
        ("POST", "/api/v1/builds", body),
        ("POST", "/api/v1/auth/login", {"username": "admin", "password": PASSWORD}),
    ):
        answer = client.request(method, path, json=sent, headers=PROBLEM)
        assert answer.status_code == 503, answer.text
        assert answer.json()["code"] == "database-unavailable"
        assert answer.json()["retryable"] is True
        assert int(answer.headers["Retry-After"]) > 0
    health = client.get("/api/v1/system/health")
    assert health.status_code == 503
    assert health.json()["data"]["checks"]["database"]["status"] == "unhealthy"
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_killed_and_started_without_its_database_a_server_says_so_in_one_line(
    new_server: NewServer, mortal_postgres: OwnPostgres, engine: EngineView
) -> None:
    """It does not wait: whatever starts it decides how often to try."""
    with (
        fresh_postgres(mortal_postgres.url) as url,
        on(new_server(EULERMAKER_DATABASE_URL=url)) as (server, client),
    ):
        identifier = build(client, SHORT_STEP, cache_enabled=False)
        wait_for_log(server, identifier, '"data":"begun"')
        mortal_postgres.stop()
        server.kill()
        code, said = server_refusing_to_start(server)
        assert code == 2
        assert said.startswith("eulermaker: EULERMAKER_DATABASE_URL: "), said
        assert said.count("\n") == 1, said
        mortal_postgres.start()
        server.start()
        nothing_lost(server, client, engine, {identifier: "success"})


def test_a_server_ends_in_time_although_its_database_is_away(
    new_server: NewServer, mortal_postgres: OwnPostgres, engine: EngineView
) -> None:
    settings = {"EULERMAKER_SHUTDOWN_SECONDS": "2"}
    with (
        fresh_postgres(mortal_postgres.url) as url,
        on(new_server(EULERMAKER_DATABASE_URL=url, **settings)) as (server, client),
    ):
        identifier = build(client, SHORT_STEP, cache_enabled=False)
        wait_for_log(server, identifier, '"data":"begun"')
        mortal_postgres.stop()
        assert server.stop() == 0
        mortal_postgres.start()
        server.start()
        assert finished(client, identifier)["status"] == "success"
        nothing_lost(server, client, engine, {identifier: "success"})


def test_a_claim_whose_answer_was_lost_does_not_leave_a_build_behind(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    """The database may commit a claim and die before it says so: a record is `running`, and nothing runs."""
    identifier = build(client, f"FROM {IMAGE}\nRUN echo claimed", execute=False)
    anyio.run(_claim, database_url(server), identifier)
    details = nothing_lost(server, client, engine, {identifier: "success"})
    assert details[identifier]["attempts"] == 1


async def _claim(url: str, identifier: str) -> None:
    database = Database(url)
    now = utc_now()
    claimed = {"state": "running", "queued_at": now, "started_at": now, "attempts": 1}
    async with database.write() as connection:
        await connection.execute(builds.update().where(builds.c.id == identifier).values(claimed))
    await database.close()


def server_refusing_to_start(server: ServerProcess) -> tuple[int, str]:
    """The exit code of a start that fails, and what it said."""
    before = len(server.log())
    with pytest.raises(AssertionError, match="does not answer"):
        server.start()
    assert server.process is not None
    return server.process.wait(), server.log()[before:]

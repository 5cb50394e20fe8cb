"""kill -9 of the server in every phase of a build: nothing is lost."""

import random
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import anyio
import asyncpg
import httpx
import pytest
import sqlalchemy as sa

from tests.faults.engines import EngineView, processes_with
from tests.faults.followers import follow
from tests.faults.invariants import nothing_lost
from tests.faults.waiting import folder, wait_for_log, wait_until
from tests.server import IMAGE, ServerProcess, build, detail, reached

SEED = 20
MIB = 1024 * 1024

LONG_STEP = f"FROM {IMAGE}\nRUN echo begun; sleep 1; echo ended; mkdir /output; echo made > /output/file"
FAILING = f"FROM {IMAGE}\nRUN echo before; sleep 0.5; exit 3"

Phase = Callable[[ServerProcess, str, int], None]


def everything_big(marker: str) -> str:
    """A build whose step, export and artifacts all take their time."""
    return (
        f"FROM {IMAGE}\nRUN echo begun; sleep 1; : {marker}; dd if=/dev/urandom of=/big bs=1M count=80; "
        "mkdir /output; dd if=/dev/urandom of=/output/big bs=1M count=80"
    )


def mid_step(server: ServerProcess, identifier: str, attempt: int) -> None:
    wait_for_log(server, identifier, '"data":"begun"', attempt=attempt)


def exporting(server: ServerProcess, identifier: str, attempt: int) -> None:
    wait_for_log(server, identifier, '"step":2,"steps":2,"stage":null,"cached":false', attempt=attempt)


def collecting(server: ServerProcess, identifier: str, attempt: int) -> None:
    mid_step(server, identifier, attempt)
    archive = folder(server, identifier) / "artifacts.tar"
    wait_until(lambda: archive.exists() and archive.stat().st_size > MIB, "artifacts to be collected")


@pytest.mark.usefixtures("any_database")
@pytest.mark.parametrize(
    ("phases", "status"),
    [
        ([mid_step, collecting], "success"),
        ([exporting], "success"),
        ([exporting, mid_step, collecting], "failed"),
    ],
    ids=["mid-step and collecting", "exporting", "in every attempt"],
)
def test_killed_while_it_runs_a_build_is_built_again(
    server: ServerProcess, client: httpx.Client, engine: EngineView, phases: list[Phase], status: str
) -> None:
    marker = f"31{random.SystemRandom().randrange(10**7):07}"
    identifier = build(client, everything_big(marker), cache_enabled=False)
    follower = follow(server, client, identifier)
    for attempt, phase in enumerate(phases, start=1):
        phase(server, identifier, attempt)
        server.kill()
        # The engine's work ends with the server that wanted it, not with the next attempt.
        wait_until(lambda: not processes_with(marker), "the step of the killed server to end")
        server.start()
    details = nothing_lost(server, client, engine, {identifier: "success"}, followers={identifier: follower})
    assert details[identifier]["status"] == status
    assert details[identifier]["attempts"] == min(3, len(phases) + 1)
    assert follower.reconnects >= len(phases)
    if status == "failed":
        assert not list(folder(server, identifier).glob("artifacts*"))


@pytest.mark.usefixtures("any_database")
def test_killed_while_builds_wait_all_of_them_are_built(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    builds = [build(client, f"{LONG_STEP}; : {n}", cache_enabled=False) for n in range(5)]
    mid_step(server, builds[0], 1)
    assert detail(client, builds[4])["queue"] == {"position": 2, "reason": "slots_taken"}
    server.kill()
    server.start()
    details = nothing_lost(server, client, engine, dict.fromkeys(builds, "success"))
    assert [details[identifier]["attempts"] for identifier in builds] == [2, 2, 2, 1, 1]


@pytest.mark.usefixtures("any_database")
def test_killed_during_an_upload_the_draft_is_as_it_was(
    server: ServerProcess, client: httpx.Client, engine: EngineView
) -> None:
    identifier = build(client, f"FROM {IMAGE}\nCOPY big /output/big", execute=False)
    content = random.Random(SEED).randbytes(4 * MIB)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = (
            f"PUT /api/v1/builds/{identifier}/context/big HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\n"
            f"Authorization: {client.headers['Authorization']}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        connection.sendall(head.encode() + content[: len(content) // 2])
        parts = folder(server, identifier)
        wait_until(lambda: any(part.stat().st_size for part in parts.glob("*.part")), "a part of the upload")
        server.kill()
    server.start()
    assert detail(client, identifier)["status"] == "pending"
    assert client.post(f"/api/v1/builds/{identifier}/execute").status_code == 400
    assert client.put(f"/api/v1/builds/{identifier}/context/big", content=content).status_code == 200
    assert client.post(f"/api/v1/builds/{identifier}/execute").status_code == 200
    details = nothing_lost(server, client, engine, {identifier: "success"})
    assert details[identifier]["artifacts"][0]["size"] == len(content)


@pytest.mark.parametrize(
    ("dockerfile", "last_words", "expected"),
    [(LONG_STEP, "Successfully tagged", "success"), (FAILING, "ERROR: Step", "failed")],
    ids=["success", "failed"],
)
def test_killed_between_a_result_and_its_record(
    server: ServerProcess,
    client: httpx.Client,
    engine: EngineView,
    dockerfile: str,
    last_words: str,
    expected: str,
) -> None:
    identifier = build(client, dockerfile, cache_enabled=False)
    follower = follow(server, client, identifier)
    reached(client, identifier, {"running"})
    with records_locked(server):
        wait_for_log(server, identifier, last_words)
        server.kill()
    server.start()
    found = nothing_lost(server, client, engine, {identifier: expected}, followers={identifier: follower})
    # What was known is what is told: a user's failing step is not run a second time.
    assert (found[identifier]["attempts"], found[identifier]["status"]) == (1, expected)
    if expected == "failed":
        assert found[identifier]["error"]["code"] == "build-step-failed"


@contextmanager
def records_locked(server: ServerProcess) -> Iterator[None]:
    """Nobody can change the record of a build during the block; reading it works."""
    url = sa.make_url(server.environment.get("EULERMAKER_DATABASE_URL", "sqlite://"))
    if url.get_backend_name() == "sqlite":
        holder = sqlite3.connect(server.data_dir / "eulermaker.db", isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
            yield
        finally:
            holder.close()
        return
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with anyio.from_thread.start_blocking_portal() as portal:
        connection = portal.call(asyncpg.connect, plain)
        try:
            portal.call(connection.execute, "BEGIN")
            portal.call(connection.execute, "LOCK TABLE builds IN EXCLUSIVE MODE")
            yield
        finally:
            portal.call(connection.close)

"""dockerd dies under running builds: they are built again, and the API answers all the while."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.faults.engines import OwnEngine
from tests.faults.followers import follow
from tests.faults.invariants import nothing_lost
from tests.faults.waiting import folder, wait_for_log, wait_until
from tests.server import IMAGE, ServerProcess, build, detail

pytestmark = pytest.mark.usefixtures("any_database")

STEP = f"FROM {IMAGE}\nRUN echo begun; sleep 2; mkdir /output; echo made > /output/file"
BIG_OUTPUT = f"FROM {IMAGE}\nRUN mkdir /output && dd if=/dev/urandom of=/output/big bs=1M count=80"


@pytest.fixture(scope="module")
def lasting_server(
    mortal_engine: OwnEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server that builds on the engine that may die."""
    settings = {"DOCKER_HOST": mortal_engine.host}
    with ServerProcess(tmp_path_factory.mktemp("away") / "data", settings).running() as process:
        yield process


@pytest.fixture
def server(lasting_server: ServerProcess, mortal_engine: OwnEngine) -> Iterator[ServerProcess]:
    """That server; its engine runs before and after the test."""
    try:
        yield lasting_server
    finally:
        mortal_engine.start()


@pytest.mark.parametrize("end", [OwnEngine.kill, OwnEngine.terminate], ids=["killed", "stopped"])
def test_builds_outlive_the_end_of_the_engine(
    server: ServerProcess, client: httpx.Client, mortal_engine: OwnEngine, end: Callable[[OwnEngine], None]
) -> None:
    running = build(client, STEP, cache_enabled=False)
    follower = follow(server, client, running)
    wait_for_log(server, running, '"data":"begun"')
    end(mortal_engine)

    health = client.get("/api/v1/system/health")
    assert health.status_code == 503
    assert health.json()["data"]["checks"]["docker"]["status"] == "unhealthy"
    assert health.json()["data"]["checks"]["database"]["status"] == "healthy"
    waiting = build(client, STEP, name="waiting", cache_enabled=False)
    unwanted = build(client, STEP, name="unwanted", cache_enabled=False)
    assert detail(client, waiting)["queue"]["reason"] == "engine_unavailable"
    assert client.post(f"/api/v1/builds/{unwanted}/cancel").json()["data"]["status"] == "cancelled"
    wait_until(lambda: detail(client, running)["status"] == "pending", "the running build to be queued again")

    mortal_engine.start()
    expected = {running: "success", waiting: "success", unwanted: "cancelled"}
    details = nothing_lost(server, client, mortal_engine, expected, followers={running: follower})
    assert details[running]["attempts"] == 2
    assert details[waiting]["attempts"] == 1
    assert follower.reconnects == 0
    assert client.get("/api/v1/system/health").status_code == 200


def test_an_engine_killed_while_artifacts_are_collected(
    server: ServerProcess, client: httpx.Client, mortal_engine: OwnEngine
) -> None:
    identifier = build(client, BIG_OUTPUT, cache_enabled=False)
    archive = folder(server, identifier) / "artifacts.tar"
    wait_until(lambda: archive.exists() and archive.stat().st_size, "artifacts to be collected")
    mortal_engine.kill()
    mortal_engine.start()
    # What the dead engine could not remove is removed by a sweep, of which each start has one.
    wait_until(lambda: detail(client, identifier)["status"] == "success", "the second attempt")
    server.stop()
    server.start()
    details = nothing_lost(server, client, mortal_engine, {identifier: "success"})
    assert details[identifier]["attempts"] == 2


def test_a_server_that_starts_without_an_engine_waits_for_it(
    server: ServerProcess, client: httpx.Client, mortal_engine: OwnEngine
) -> None:
    mortal_engine.terminate()
    server.stop()
    server.start()
    identifier = build(client, STEP)
    assert detail(client, identifier)["queue"] == {"position": 1, "reason": "engine_unavailable"}
    mortal_engine.start()
    nothing_lost(server, client, mortal_engine, {identifier: "success"})

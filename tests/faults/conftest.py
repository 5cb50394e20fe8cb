"""Fixtures of the faults' tests: servers that may die, and an engine and a PostgreSQL that may, too."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.engines import SHARED_HOST, EngineView, OwnEngine, own_engine
from tests.faults.postgres import OwnPostgres, own_postgres
from tests.server import ServerProcess, fresh_postgres

SOAK = os.environ.get("EULERMAKER_SOAK") == "1"

NewServer = Callable[..., ServerProcess]


@pytest.fixture
def new_server(database_kind: str, tmp_path: Path) -> Iterator[NewServer]:
    """Starts servers with settings of their own; they end with the test."""
    with ExitStack() as stack:

        def start(**settings: str) -> ServerProcess:
            if "EULERMAKER_DATABASE_URL" not in settings:
                settings |= stack.enter_context(_database(database_kind))
            process = stack.enter_context(ServerProcess(tmp_path / "data", settings).running())
            host = process.environment.get("DOCKER_HOST", SHARED_HOST)
            stack.callback(EngineView(host).forget_builds, process.data_dir)
            return process

        yield start


@pytest.fixture(scope="session")
def mortal_server(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all tests that kill it and start it again."""
    with (
        _database(database_kind) as settings,
        ServerProcess(tmp_path_factory.mktemp("faults") / "data", settings).running() as process,
    ):
        yield process
        EngineView().forget_builds(process.data_dir)


@pytest.fixture
def server(mortal_server: ServerProcess) -> ServerProcess:
    """A running server that may be killed; no build of an earlier test still runs on it."""
    assert mortal_server.process is not None
    if mortal_server.process.poll() is not None:
        mortal_server.start()
    with mortal_server.signed_in() as client:
        for status in ("pending", "running"):
            for left in client.get("/api/v1/builds", params={"status": status}).json()["data"]["builds"]:
                client.post(f"/api/v1/builds/{left['id']}/cancel")
    return mortal_server


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    """A client of that server; its token outlives the server's deaths."""
    with server.signed_in() as signed_in:
        yield signed_in


@pytest.fixture
def engine() -> EngineView:
    """The engine that everybody shares: nobody may stop it."""
    return EngineView()


@pytest.fixture(scope="session")
def mortal_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    """An engine that a test may kill and has to start again."""
    if os.geteuid() != 0:
        pytest.skip("only root may start dockerd")  # CI is root; there a missing dockerd fails below
    assert shutil.which("dockerd"), "dockerd is missing: run scripts/engine.sh, or install docker.io"
    with own_engine(tmp_path_factory.mktemp("engine") / "tree") as engine:
        yield engine


@pytest.fixture(scope="session")
def own_postgres_of_all(database_kind: str) -> Iterator[OwnPostgres]:
    """A PostgreSQL that the tests may stop and start."""
    if database_kind != "postgresql":
        pytest.skip("about PostgreSQL")  # the run with --database postgresql has it
    with own_postgres() as postgres:
        yield postgres


@pytest.fixture
def mortal_postgres(own_postgres_of_all: OwnPostgres) -> OwnPostgres:
    """That PostgreSQL, running."""
    own_postgres_of_all.start()
    return own_postgres_of_all


@contextmanager
def _database(kind: str) -> Iterator[dict[str, str]]:
    """The settings for a database of that kind, which is empty."""
    if kind == "sqlite":
        yield {}
    else:
        with fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]) as url:
            yield {"EULERMAKER_DATABASE_URL": url}

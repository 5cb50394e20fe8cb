"""Fixtures that every kind of test shares: the database under test, the real server, a signed-in client."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import ServerProcess, fresh_postgres

# Started in the background of a shell, this process would ignore Ctrl-C, and pass that on to every
# command whose Ctrl-C the tests are about.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database` chooses what the whole suite runs on."""
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A run on PostgreSQL repeats the tests that a database matters to, and no others."""
    if config.getoption("--database") == "postgresql":
        repeated = [item for item in items if "database_kind" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in repeated])
        items[:] = repeated


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """What asynchronous tests run on: the event loop of the server."""
    return "asyncio"


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that this run is about."""
    return str(request.config.getoption("--database"))


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of that kind."""
    if database_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    else:
        with fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]) as url:
            yield url


@pytest.fixture(scope="session")
def shared_server(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One running server for tests that leave it as it was."""
    yield from _running(database_kind, tmp_path_factory.mktemp("server"))


@pytest.fixture
def server(database_kind: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A running server of the test's own, to be killed and restarted."""
    yield from _running(database_kind, tmp_path / "data")


@pytest.fixture
def admin(shared_server: ServerProcess) -> Iterator[httpx.Client]:
    """A client of the shared server, signed in as root; answers come in English."""
    with shared_server.signed_in() as client:
        yield client


def _running(kind: str, data_dir: Path) -> Iterator[ServerProcess]:
    if kind == "sqlite":
        with ServerProcess(data_dir).running() as process:
            yield process
    else:
        with (
            fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]) as url,
            ServerProcess(data_dir, {"EULERMAKER_DATABASE_URL": url}).running() as process,
        ):
            yield process

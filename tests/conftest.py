"""Fixtures that every kind of test shares: the database under test, the real server, a signed-in client."""

import os
import shutil
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from eulermaker.kernel.database import Database
from eulermaker.kernel.migrate import migrate
from tests import forked
from tests.server import ServerProcess, fresh_postgres

# Started in the background of a shell, this process would ignore Ctrl-C, and pass that on to every
# command whose Ctrl-C the tests are about.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: The files that take longest. Where processes share the suite they come first, so that none is late.
LONGEST = (
    "faults/test_kill.py",
    "faults/test_kill_at_random.py",
    "scripts/test_install.py",
    "fuzz/test_document.py",
    "faults/test_noise.py",
    "faults/test_engine_away.py",
    "scripts/test_demo.py",
    "faults/test_cancel.py",
    "faults/test_containers.py",
    "faults/test_database_away.py",
    "api/test_limits.py",
    "api/test_system.py",
    "api/test_artifacts.py",
    "e2e/test_containers_command_line.py",
    "api/test_terminals_sockets.py",
)

# How long an example takes says more about the machine than about the code.
settings.register_profile("eulermaker", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("eulermaker")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--database` chooses what the whole suite runs on."""
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")


def pytest_configure() -> None:
    """Let the servers be forked; benchmarks, and the tests about the start, run the command itself."""
    ServerProcess.launch = staticmethod(forked.launch)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A run on PostgreSQL repeats the tests that a database matters to, and no others."""
    if config.getoption("--database") == "postgresql":
        repeated = [item for item in items if _is_repeated(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=[item for item in items if item not in repeated])
        items[:] = repeated
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _is_repeated(fixtures: Collection[str]) -> bool:
    return "database_kind" in fixtures and "any_database" not in fixtures


def _turn(item: pytest.Item) -> int:
    name = item.path.relative_to(Path(__file__).parent).as_posix()
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """What asynchronous tests run on: the event loop of the server."""
    return "asyncio"


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that this run is about."""
    return str(request.config.getoption("--database"))


@pytest.fixture(scope="session")
def any_database() -> None:
    """For tests in which the database plays no part: those on PostgreSQL leave them out."""


@pytest.fixture
def empty_database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of that kind."""
    with _empty(database_kind, tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_database(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """A database with the newest schema, to be copied: the migrations take longer than most tests."""
    with _empty(database_kind, tmp_path_factory.mktemp("migrated")) as url:
        anyio.run(_migrate, url)
        yield sa.make_url(url)


@pytest.fixture
def database_url(database_kind: str, migrated_database: sa.URL, tmp_path: Path) -> Iterator[str]:
    """A database of that kind with the newest schema and nothing in it."""
    template = migrated_database.database
    assert template is not None
    if database_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{shutil.copy(template, tmp_path / 'test.db')}"
    else:
        with fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"], template=template) as url:
            yield url


@pytest.fixture(scope="session")
def shared_server(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One running server for tests that leave it as it was."""
    yield from _running(database_kind, tmp_path_factory.mktemp("server"))


@pytest.fixture
def server(database_kind: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A running server of the test's own, to be killed and restarted."""
    yield from _running(database_kind, tmp_path / "data")


@pytest.fixture(scope="session")
def admin_token(shared_server: ServerProcess) -> str:
    """An access token of the shared server's first administrator: a sign-in costs a core 60 ms."""
    with shared_server.signed_in() as client:
        return client.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def admin(shared_server: ServerProcess, admin_token: str) -> Iterator[httpx.Client]:
    """A client of the shared server, signed in as root; answers come in English."""
    with shared_server.client(language="en", token=admin_token) as client:
        yield client


@contextmanager
def _empty(kind: str, directory: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{directory / 'test.db'}"
    else:
        with fresh_postgres(os.environ["EULERMAKER_TEST_POSTGRES_URL"]) as url:
            yield url


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.close()


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

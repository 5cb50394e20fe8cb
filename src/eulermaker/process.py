"""The server process: one root task group that owns the HTTP server and every service."""

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import structlog
import uvicorn

from eulermaker.app import Api, Envelope, create_api
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.features.accounts import api as accounts_api
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.builds import api as builds_api
from eulermaker.features.builds import sockets as builds_sockets
from eulermaker.features.builds.files import BuildFiles
from eulermaker.features.builds.ledger import Bells, Ledger
from eulermaker.features.builds.runner import BuildRunner
from eulermaker.features.builds.service import Builds
from eulermaker.features.errors import api as errors_api
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.system import api as system_api
from eulermaker.features.system.service import System
from eulermaker.kernel.clock import Clock, utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Catalogue
from eulermaker.kernel.keyfile import secret_in
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.settings import Settings, WrongSetting
from eulermaker.kernel.sockets import Sockets
from eulermaker.kernel.supervise import Service, every, run_services
from eulermaker.kernel.telemetry import Metrics, configure_logging

log = structlog.get_logger("eulermaker.process")

SWEEP_SECONDS = 60.0
BACKLOG = 2048
#: Time for sockets to tell their clients why they close before the server closes what is left.
FAREWELL_SECONDS = 0.2


class CannotStart(Exception):
    """Something outside is in the way of a start: the data directory or the port is in use."""


@dataclass(frozen=True)
class Server:
    """The parts of one server, put together."""

    settings: Settings
    api: Api
    metrics: Metrics
    catalogue: Catalogue
    database: Database
    engine: DockerEngine
    accounts: Accounts
    runner: BuildRunner
    sockets: Sockets

    @property
    def services(self) -> dict[str, Service]:
        """What runs beside the HTTP server."""

        async def sweep_builds() -> None:
            await every(SWEEP_SECONDS, self.runner.sweep)

        async def sweep_accounts() -> None:
            await every(SWEEP_SECONDS, self.accounts.sweep)

        return {"builds": self.runner.run, "builds sweep": sweep_builds, "accounts sweep": sweep_accounts}


def assemble(settings: Settings, *, clock: Clock = utc_now) -> Server:
    """Put the parts together; nothing is opened yet but the secrets in the data directory."""
    metrics = Metrics()
    database = Database(settings.effective_database_url)
    engine = DockerEngine(settings.docker_host, builder=settings.build.builder, clock=clock)
    sockets = Sockets(metrics)
    secret = (
        settings.secret_key.get_secret_value()
        if settings.secret_key
        else secret_in(settings.data_dir / "secret-key")
    )
    accounts = Accounts(database, settings, secret=secret, clock=clock)
    callers = Callers(accounts, allowed_origins=settings.allowed_origins)
    installation = _installation(settings.data_dir)
    ledger, bells = Ledger(database), Bells()
    files = BuildFiles(settings.data_dir / "builds", max_context_bytes=settings.build.max_context_bytes)
    runner = BuildRunner(
        ledger=ledger,
        files=files,
        engine=engine,
        bells=bells,
        settings=settings.build,
        installation=installation,
        metrics=metrics,
        clock=clock,
    )
    builds = Builds(
        ledger=ledger,
        files=files,
        runner=runner,
        bells=bells,
        settings=settings.build,
        installation=installation,
        clock=clock,
    )
    known_faults = catalogue()
    routers = (
        accounts_api.router(accounts, callers),
        builds_api.router(builds, callers),
        builds_sockets.router(builds, callers, sockets),
        system_api.router(System(database, engine), metrics),
        errors_api.router(known_faults),
    )
    api = create_api(settings, metrics, routers)
    return Server(settings, api, metrics, known_faults, database, engine, accounts, runner, sockets)


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run the server until SIGTERM or SIGINT; raises WrongSetting and CannotStart before it starts."""
    configure_logging(level=settings.log_level, json=not sys.stderr.isatty())
    _prepare(settings.data_dir)
    with _sole_user(settings.data_dir), _listening(host, port) as listener:
        anyio.run(_serve, settings, listener, backend_options={"use_uvloop": True})


async def _serve(settings: Settings, listener: socket.socket) -> None:
    server = assemble(settings)
    await migrate(server.database)
    password_file = await server.accounts.bootstrap_admin()
    if password_file is not None:
        print(f"Administrator {settings.admin_username}: the password is in {password_file}", file=sys.stderr)
    config = uvicorn.Config(
        Envelope(server.api, settings, server.metrics),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=1024 * 1024,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    http = uvicorn.Server(config)
    async with anyio.create_task_group() as root:
        root.start_soon(_stop_on_signal, http, server)
        await root.start(_run_services, server.services)
        log.info("server.starting", address=listener.getsockname(), pid=os.getpid())
        # The signals are handled above; uvicorn's public `serve` would take them for itself.
        await http._serve([listener])
        with anyio.move_on_after(settings.shutdown_seconds):
            await server.runner.drain()
        root.cancel_scope.cancel()
    await server.engine.close()
    await server.database.close()
    log.info("server.stopped")


async def _run_services(services: dict[str, Service], *, task_status: anyio.abc.TaskStatus[None]) -> None:
    await run_services(services, task_status=task_status)


async def _stop_on_signal(http: uvicorn.Server, server: Server) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for received in signals:
            if http.should_exit:
                http.force_exit = True
                continue
            log.info("server.stopping", signal=received.name)
            server.sockets.close_all()
            await anyio.sleep(FAREWELL_SECONDS)
            http.should_exit = True


def _prepare(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongSetting(f"EULERMAKER_DATA_DIR: cannot make {data_dir}: {error.strerror}") from error


@contextmanager
def _sole_user(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process alone: builds and logs on its disk have one owner."""
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(f"EULERMAKER_DATA_DIR: another server uses {data_dir}") from error
        yield


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from error
    with listener:
        yield listener


def _installation(data_dir: Path) -> str:
    """The name of this installation: made once, kept in the data directory."""
    path = data_dir / "installation"
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_text(f"node_{os.urandom(6).hex()}\n")
        fresh.replace(path)
    return path.read_text().strip()

"""The server process: one root task group that owns the HTTP server and every service."""

import fcntl
import gc
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
from eulermaker.features.audit.service import Audit
from eulermaker.features.builds import api as builds_api
from eulermaker.features.builds import sockets as builds_sockets
from eulermaker.features.builds.files import BuildFiles
from eulermaker.features.builds.ledger import Bells, Ledger
from eulermaker.features.builds.runner import BuildRunner
from eulermaker.features.builds.service import Builds
from eulermaker.features.console import api as console_api
from eulermaker.features.containers import api as containers_api
from eulermaker.features.containers import sockets as containers_sockets
from eulermaker.features.containers.journal import Journal
from eulermaker.features.containers.service import Containers
from eulermaker.features.containers.stats import StatsHub
from eulermaker.features.containers.view import LiveView
from eulermaker.features.errors import api as errors_api
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.images import api as images_api
from eulermaker.features.images import sockets as images_sockets
from eulermaker.features.images.pulls import Pulls
from eulermaker.features.images.service import Images
from eulermaker.features.networks import api as networks_api
from eulermaker.features.networks.service import Networks
from eulermaker.features.system import api as system_api
from eulermaker.features.system.host import Host
from eulermaker.features.system.maintenance import LOOK_SECONDS, Maintenance
from eulermaker.features.system.service import System
from eulermaker.features.terminals import api as terminals_api
from eulermaker.features.terminals import sockets as terminals_sockets
from eulermaker.features.terminals.recording import Recordings
from eulermaker.features.terminals.service import Terminals
from eulermaker.features.volumes import api as volumes_api
from eulermaker.features.volumes.service import Volumes
from eulermaker.gate import Admission
from eulermaker.kernel.clock import Clock, utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Catalogue, Fault
from eulermaker.kernel.keyfile import secret_in
from eulermaker.kernel.limits import Limits
from eulermaker.kernel.load import Load
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.redis import Redis
from eulermaker.kernel.settings import Settings, WrongSetting
from eulermaker.kernel.sockets import Places, Sockets
from eulermaker.kernel.supervise import Service, every, run_services
from eulermaker.kernel.telemetry import Metrics, configure_logging

log = structlog.get_logger("eulermaker.process")

SWEEP_SECONDS = 60.0
QUEUE_SECONDS = 2.0
BACKLOG = 2048
#: Time for sockets to tell their clients why they close before the server closes what is left.
FAREWELL_SECONDS = 0.2


class CannotStart(Exception):
    """Something outside is in the way of a start: the data directory, the port or the database."""


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
    builds: Builds
    runner: BuildRunner
    sockets: Sockets
    places: Places
    load: Load
    maintenance: Maintenance
    redis: Redis | None
    host: Host
    pulls: Pulls
    view: LiveView
    hub: StatsHub
    terminals: Terminals

    @property
    def services(self) -> dict[str, Service]:
        """What runs beside the HTTP server."""

        async def sweep_builds() -> None:
            await every(SWEEP_SECONDS, self.runner.sweep)

        async def sweep_accounts() -> None:
            await every(SWEEP_SECONDS, self.accounts.sweep)

        async def measure_queue() -> None:
            await every(QUEUE_SECONDS, self.builds.measure_queue)

        async def look_for_maintenance() -> None:
            await every(LOOK_SECONDS, self.maintenance.look)

        async def sweep_recordings() -> None:
            await every(SWEEP_SECONDS, self.terminals.sweep)

        services: dict[str, Service] = {
            "builds": self.runner.run,
            "builds sweep": sweep_builds,
            "accounts sweep": sweep_accounts,
            "load": self.load.run,
            "queue age": measure_queue,
            "host": self.host.run,
            "maintenance": look_for_maintenance,
            "places": self.places.run,
            "pulls": self.pulls.run,
            "containers": self.view.run,
            "stats": self.hub.run,
            "terminals": self.terminals.run,
            "terminals sweep": sweep_recordings,
        }
        return services if self.redis is None else services | {"redis": self.redis.run}


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
    redis = Redis(settings.redis_url) if settings.redis_url else None
    places = Places(settings.rate_limit.websockets if settings.rate_limit.enabled else None, redis)
    callers = Callers(accounts, places, allowed_origins=settings.allowed_origins)
    audit = Audit(database, clock=clock)
    maintenance = Maintenance(database, audit, clock=clock)
    load = Load(settings.overload)
    admission = Admission(
        settings.rate_limit,
        limits=Limits(redis),
        load=load,
        maintenance=maintenance,
        user_of=callers.user_of,
        authenticate=callers.of_request,
        clock=clock,
    )
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
    pulls = Pulls(engine.images, clock=clock)
    images = Images(
        engine.images,
        engine.containers,
        pulls,
        audit,
        max_import_bytes=settings.images.max_import_bytes,
    )
    builds = Builds(
        ledger=ledger,
        files=files,
        runner=runner,
        images=images,
        bells=bells,
        settings=settings.build,
        installation=installation,
        load=load,
        clock=clock,
    )
    journal = Journal(settings.data_dir / "events.ndjson")
    view = LiveView(engine.containers, journal.record, clock=clock, since_ns=journal.last_ns)
    hub = StatsHub(engine.containers)
    terminals = Terminals(
        engine.containers,
        view,
        audit,
        Recordings(
            settings.data_dir / "recordings",
            max_bytes=settings.terminals.max_recording_bytes,
            max_total_bytes=settings.terminals.max_recordings_bytes,
            days=settings.terminals.recording_days,
        ),
        limits=settings.terminals,
        clock=clock,
    )
    volumes = Volumes(engine.volumes, audit)
    networks = Networks(engine.networks, engine.containers, audit)
    containers = Containers(
        engine.containers,
        view,
        hub,
        images=images,
        volumes=volumes,
        networks=networks,
        audit=audit,
        bind_roots=settings.containers.bind_roots,
        docker_host=settings.docker_host,
        clock=clock,
    )
    host = Host()
    system = System(
        settings=settings,
        database=database,
        engine=engine,
        view=view,
        redis=redis,
        builds=builds,
        host=host,
        load=load,
        clock=clock,
    )
    known_faults = catalogue()
    routers = (
        accounts_api.router(accounts, callers),
        builds_api.router(builds, callers),
        builds_sockets.router(builds, callers, sockets),
        containers_api.router(containers, callers),
        containers_sockets.router(journal, callers, sockets),
        terminals_api.router(terminals, callers),
        terminals_sockets.router(terminals, callers, sockets),
        images_api.router(images, callers),
        images_sockets.router(images, callers, sockets),
        volumes_api.router(volumes, callers),
        networks_api.router(networks, callers),
        system_api.router(system, maintenance, callers, metrics),
        errors_api.router(known_faults),
        console_api.router(),
    )
    api = create_api(settings, metrics, routers, admission=admission, places=places)
    return Server(
        settings=settings,
        api=api,
        metrics=metrics,
        catalogue=known_faults,
        database=database,
        engine=engine,
        accounts=accounts,
        builds=builds,
        runner=runner,
        sockets=sockets,
        places=places,
        load=load,
        maintenance=maintenance,
        redis=redis,
        host=host,
        pulls=pulls,
        view=view,
        hub=hub,
        terminals=terminals,
    )


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run the server until SIGTERM or SIGINT; raises WrongSetting and CannotStart before it starts."""
    configure_logging(level=settings.log_level, json=not sys.stderr.isatty())
    _prepare(settings.data_dir)
    with _sole_user(settings.data_dir), _listening(host, port) as listener:
        anyio.run(_serve, settings, listener, backend_options={"use_uvloop": True})


async def _serve(settings: Settings, listener: socket.socket) -> None:
    server = assemble(settings)
    try:
        await migrate(server.database)
        password_file = await server.accounts.bootstrap_admin()
        await server.runner.recover()
    except Fault as fault:
        raise CannotStart(f"EULERMAKER_DATABASE_URL: {fault.message('en')}") from fault
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
        # What a client says of itself in X-Forwarded-… counts only where a proxy of ours has said it.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    http = uvicorn.Server(config)
    try:
        await _run_all(http, server, listener)
    except BaseExceptionGroup:
        # A part is dead, and the rest must not live on without it. Leaving in the ordinary way can
        # wait for ever: for a database thread that is in the middle of something.
        log.exception("server.died")
        os._exit(1)
    await server.engine.close()
    await server.database.close()
    if server.redis is not None:
        await server.redis.close()
    log.info("server.stopped")


async def _run_all(http: uvicorn.Server, server: Server, listener: socket.socket) -> None:
    async with anyio.create_task_group() as root:
        root.start_soon(_stop_on_signal, http, server)
        await root.start(_run_services, server.services)
        log.info("server.starting", address=listener.getsockname(), pid=os.getpid())
        # What lives now lives on: a full collection that looks at all of it stops every request for 90 ms.
        gc.freeze()
        # The signals are handled above; uvicorn's public `serve` would take them for itself.
        await http._serve([listener])
        await server.runner.drain(within=server.settings.shutdown_seconds)
        root.cancel_scope.cancel()


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

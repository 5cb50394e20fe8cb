"""The server process: one root task group that owns the HTTP server and every service."""

import fcntl
import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import sqlalchemy as sa
import structlog
import uvicorn

from eulermaker.app import Envelope
from eulermaker.assembly import Server, assemble
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.lean_http import LeanHttp
from eulermaker.kernel.lean_socket import LeanSocket
from eulermaker.kernel.migrate import migrate
from eulermaker.kernel.settings import Settings, WrongSetting
from eulermaker.kernel.sockets import CarryOn
from eulermaker.kernel.supervise import Service, run_services
from eulermaker.kernel.telemetry import configure_logging

log = structlog.get_logger("eulermaker.process")

BACKLOG = 2048
#: Time for sockets to tell their clients why they close before the server closes what is left.
FAREWELL_SECONDS = 0.2


class CannotStart(Exception):
    """Something outside is in the way of a start: the data directory, the port or the database."""


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run the server until SIGTERM or SIGINT; raises WrongSetting and CannotStart before it starts."""
    configure_logging(level=settings.log_level, json=not sys.stderr.isatty())
    _prepare(settings.data_dir)
    with _sole_user(settings), _listening(host, port) as listener:
        anyio.run(_serve, settings, listener, backend_options={"use_uvloop": True})


async def _serve(settings: Settings, listener: socket.socket) -> None:
    server = assemble(settings)
    try:
        await migrate(server.base.database)
        password_file = await server.base.accounts.bootstrap_admin()
        await server.runner.recover()
    except Fault as fault:
        raise CannotStart(f"EULERMAKER_DATABASE_URL: {fault.message('en')}") from fault
    if password_file is not None:
        print(f"Administrator {settings.admin_username}: the password is in {password_file}", file=sys.stderr)
    config = uvicorn.Config(
        CarryOn(Envelope(server.api, settings, server.base.metrics), server.base.sockets, server.base.places),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        http=LeanHttp,
        ws=LeanSocket,
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
    await server.base.engine.close()
    await server.base.database.close()
    if server.base.redis is not None:
        await server.base.redis.close()
    log.info("server.stopped")


async def _run_all(http: uvicorn.Server, server: Server, listener: socket.socket) -> None:
    async with anyio.create_task_group() as root:
        root.start_soon(_stop_on_signal, http, server)
        await root.start(_run_services, server.services)
        log.info("server.starting", address=listener.getsockname(), pid=os.getpid())
        # What lives now lives on: a full collection that looks at all of it stops every request for 90 ms.
        gc.freeze()
        gc.enable()
        # The signals are handled above; uvicorn's public `serve` would take them for itself.
        await http._serve([listener])
        await server.runner.drain(within=server.base.settings.shutdown_seconds)
        root.cancel_scope.cancel()


async def _run_services(services: Mapping[str, Service], *, task_status: anyio.abc.TaskStatus[None]) -> None:
    await run_services(services, task_status=task_status)


async def _stop_on_signal(http: uvicorn.Server, server: Server) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for received in signals:
            if http.should_exit:
                http.force_exit = True
                continue
            log.info("server.stopping", signal=received.name)
            server.base.sockets.close_all()
            await anyio.sleep(FAREWELL_SECONDS)
            http.should_exit = True


def _prepare(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongSetting(f"EULERMAKER_DATA_DIR: cannot make {data_dir}: {error.strerror}") from error


@contextmanager
def _sole_user(settings: Settings) -> Iterator[None]:
    """Hold the data directory, and an SQLite database elsewhere, for this process alone.

    Builds and logs on the disk have one owner, and what is read from SQLite is kept in memory.
    """
    held = [("EULERMAKER_DATA_DIR", settings.data_dir, settings.data_dir / "lock")]
    database = sa.make_url(settings.effective_database_url)
    if database.get_backend_name() == "sqlite" and settings.database_url and database.database:
        path = Path(database.database)
        held.append(("EULERMAKER_DATABASE_URL", path, path.with_name(f"{path.name}.lock")))
    with ExitStack() as stack:
        for key, path, lock in held:
            try:
                fcntl.flock(stack.enter_context(lock.open("w")), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CannotStart(f"{key}: another server uses {path}") from error
            except OSError as error:
                raise CannotStart(f"{key}: cannot use {path}: {error.strerror}") from error
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

"""The parts of the server, put together: what each capability is made of, and what runs for it."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from fastapi import APIRouter

from eulermaker.app import Api, create_api
from eulermaker.engines.docker.engine import DockerEngine
from eulermaker.features.accounts import api_000, api_003, api_004
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.accounts.desk import Desk, desk
from eulermaker.features.accounts.mail import Mailer
from eulermaker.features.accounts.service import LOOK_SECONDS as REVOCATION_SECONDS
from eulermaker.features.accounts.service import Accounts
from eulermaker.features.alerts import api as alerts_api
from eulermaker.features.alerts.service import Alerts
from eulermaker.features.audit import api as audit_api
from eulermaker.features.audit.notebook import Notebook
from eulermaker.features.audit.service import Audit
from eulermaker.features.builds import analysis_api
from eulermaker.features.builds import api as builds_api
from eulermaker.features.builds import sockets as builds_sockets
from eulermaker.features.builds.analysis import Analyses
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
from eulermaker.features.errors import records_api
from eulermaker.features.errors.catalogue import catalogue
from eulermaker.features.errors.service import ErrorRecords
from eulermaker.features.errors.tally import ErrorCollector
from eulermaker.features.images import api as images_api
from eulermaker.features.images import sockets as images_sockets
from eulermaker.features.images.pulls import Pulls
from eulermaker.features.images.service import Images
from eulermaker.features.images.view import ImageView
from eulermaker.features.live.pump import Pump
from eulermaker.features.networks import api as networks_api
from eulermaker.features.networks.service import Networks
from eulermaker.features.networks.view import NetworkView
from eulermaker.features.notifications import api as notifications_api
from eulermaker.features.notifications.apprise import Apprise
from eulermaker.features.notifications.deliver import Senders
from eulermaker.features.notifications.http import Poster
from eulermaker.features.notifications.service import Notifications
from eulermaker.features.probes import api as probes_api
from eulermaker.features.probes import sockets as probes_sockets
from eulermaker.features.probes.checks.make import Means, check_of
from eulermaker.features.probes.checks.names import Names
from eulermaker.features.probes.checks.target import Reaching
from eulermaker.features.probes.elsewhere import Elsewhere
from eulermaker.features.probes.feed import Feed
from eulermaker.features.probes.figures import Figures, ProbeCollector
from eulermaker.features.probes.keeper import BURY_SECONDS, Keeper
from eulermaker.features.probes.recorder import Recorder
from eulermaker.features.probes.remedies import Remedies
from eulermaker.features.probes.runner import ProbeRunner
from eulermaker.features.probes.service import Probes
from eulermaker.features.probes.shares import Shares
from eulermaker.features.probes.vault import Vault
from eulermaker.features.repositories import api as repositories_api
from eulermaker.features.repositories import vault as repositories_vault
from eulermaker.features.repositories.files import RepositoryFiles
from eulermaker.features.repositories.intake import Intake
from eulermaker.features.repositories.promises import Promises
from eulermaker.features.repositories.publisher import Publisher
from eulermaker.features.repositories.readers import Readers
from eulermaker.features.repositories.service import Repositories
from eulermaker.features.repositories.signing import Signing
from eulermaker.features.repositories.tools import Tools
from eulermaker.features.status_pages import api as status_pages_api
from eulermaker.features.status_pages.service import StatusPages
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
from eulermaker.kernel.addresses import AddressPolicy
from eulermaker.kernel.clock import Clock, utc_now
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Catalogue
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.keyfile import secret_in
from eulermaker.kernel.limits import Limits
from eulermaker.kernel.load import Load
from eulermaker.kernel.redis import Redis
from eulermaker.kernel.sealing import Sealer
from eulermaker.kernel.settings import Settings
from eulermaker.kernel.sockets import Places, Sockets
from eulermaker.kernel.supervise import Service, every
from eulermaker.kernel.telemetry import Metrics

SWEEP_SECONDS = 60.0
AUDIT_SWEEP_SECONDS = 3600.0
QUEUE_SECONDS = 2.0

OfferedT_co = TypeVar("OfferedT_co", covariant=True)


@dataclass(frozen=True)
class Base:
    """What every capability stands on."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    database: Database
    engine: DockerEngine
    redis: Redis | None
    sockets: Sockets
    places: Places
    load: Load
    accounts: Accounts
    callers: Callers
    audit: Audit
    notebook: Notebook
    maintenance: Maintenance
    sealer: Sealer
    secret: str = field(repr=False)

    @property
    def services(self) -> Mapping[str, Service]:
        """What runs for all of them."""
        services: dict[str, Service] = {
            "load": self.load.run,
            "places": self.places.run,
            "audit": self.notebook.run,
            "maintenance": _repeated(self.maintenance.look, seconds=LOOK_SECONDS),
        }
        return services if self.redis is None else services | {"redis": self.redis.run}


@dataclass(frozen=True)
class Part(Generic[OfferedT_co]):
    """One capability: what it offers to the others, its routes, and what runs for it."""

    service: OfferedT_co
    routers: tuple[APIRouter, ...]
    services: Mapping[str, Service] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """The whole, ready to be served."""

    base: Base
    api: Api
    catalogue: Catalogue
    runner: BuildRunner
    services: Mapping[str, Service]


def assemble(settings: Settings, *, clock: Clock = utc_now) -> Server:
    """Put the parts together; nothing is opened yet but the secrets in the data directory."""
    base = _base(settings, clock)
    known_faults = catalogue()
    records = ErrorRecords(base.database, settings=settings.errors, clock=clock)
    views = _views(base)
    images = _images(base, views.service)
    volumes = _volumes(base)
    networks = _networks(base, views.service)
    runner, builds = _builds(base, images.service)
    repositories = _repositories(base, builds.service)
    view = views.service.containers
    containers = _containers(base, view, images.service, volumes.service, networks.service)
    terminals = _terminals(base, view)
    notifications = _notifications(base)
    alerts = _alerts(base, notifications.service)
    probes = _probes(base, containers.service, alerts.service)
    parts: tuple[Part[object], ...] = (
        # Routes are tried in this order: what is asked for most comes first.
        containers,
        _accounts(base),
        builds,
        repositories,
        views,
        terminals,
        probes,
        alerts,
        notifications,
        _status_pages(base, probes.service),
        images,
        volumes,
        networks,
        _system(base, view, builds.service, repositories.service),
        _audit(base),
        _errors(base, records, known_faults),
        Part(None, (console_api.router(),)),
    )
    routers = tuple(router for part in parts for router in part.routers)
    services = dict(base.services)
    for part in parts:
        services |= part.services
    return Server(
        base=base,
        api=create_api(
            settings,
            base.metrics,
            routers,
            known_faults,
            admission=_admission(base),
            places=base.places,
            note=records.note,
        ),
        catalogue=known_faults,
        runner=runner,
        services=services,
    )


def _base(settings: Settings, clock: Clock) -> Base:
    metrics = Metrics()
    database = Database(settings.effective_database_url)
    redis = Redis(settings.redis_url) if settings.redis_url else None
    places = Places(settings.rate_limit.websockets if settings.rate_limit.enabled else None, redis)
    secret = _secret(settings)
    audit, sockets = Audit(database, clock=clock), Sockets(metrics)
    accounts = Accounts(database, settings, secret=secret, clock=clock, audit=audit, ended=sockets.revoke)
    return Base(
        settings=settings,
        clock=clock,
        metrics=metrics,
        database=database,
        engine=DockerEngine(settings.docker_host, builder=settings.build.builder, clock=clock),
        redis=redis,
        sockets=sockets,
        places=places,
        load=Load(settings.overload),
        accounts=accounts,
        callers=Callers(accounts, places, allowed_origins=settings.allowed_origins),
        audit=audit,
        notebook=Notebook(database, settings.data_dir / "audit.ndjson", clock=clock),
        maintenance=Maintenance(database, audit, clock=clock),
        sealer=Sealer(secret),
        secret=secret,
    )


def _admission(base: Base) -> Admission:
    return Admission(
        base.settings.rate_limit,
        limits=Limits(base.redis),
        load=base.load,
        maintenance=base.maintenance,
        user_of=base.callers.user_of,
        user_of_key=base.callers.user_of_key,
        authenticate=base.callers.of_scope,
        clock=base.clock,
    )


def _accounts(base: Base) -> Part[Desk]:
    accounts, limits = base.accounts, Limits(base.redis)
    mailer = Mailer(base.settings.smtp, limits, clock=base.clock)
    services = desk(accounts, base.sealer, mailer, secret=base.secret)
    routers = (
        api_000.router(services, base.callers),
        *api_003.routers(services, base.callers),
        *api_004.routers(services, base.callers),
    )
    running = {"accounts sweep": _repeated(accounts.sweep, seconds=SWEEP_SECONDS)}
    if not base.database.sole_writer:
        running["revocations"] = _repeated(accounts.look, seconds=REVOCATION_SECONDS)
    return Part(services, routers, running)


def _audit(base: Base) -> Part[Audit]:
    async def forget() -> None:
        await base.audit.forget(days=base.settings.accounts.audit_days)

    router = audit_api.router(base.audit, base.callers.of_request)
    return Part(base.audit, (router,), {"audit sweep": _repeated(forget, seconds=AUDIT_SWEEP_SECONDS)})


@dataclass(frozen=True)
class Views:
    """What the engine holds, in memory."""

    containers: LiveView
    images: ImageView
    networks: NetworkView


def _views(base: Base) -> Part[Views]:
    journal, engine, clock = Journal(base.settings.data_dir / "events.ndjson"), base.engine, base.clock
    views = Views(
        LiveView(engine.containers, journal.record, clock=clock),
        ImageView(engine.images, journal.record, clock=clock),
        NetworkView(engine.networks, journal.record, clock=clock),
    )
    pump = Pump(
        engine.containers,
        (views.containers, views.images, views.networks),
        journal.record,
        clock=clock,
        since_ns=journal.last_ns,
    )
    router = containers_sockets.router(journal, base.callers, base.sockets)
    return Part(views, (router,), {"live view": pump.run})


def _images(base: Base, views: Views) -> Part[Images]:
    pulls = Pulls(base.engine.images, clock=base.clock)
    images = Images(
        base.engine.images,
        views.images,
        base.engine.containers,
        pulls,
        base.audit,
        max_import_bytes=base.settings.images.max_import_bytes,
    )
    routers = (
        images_api.router(images, base.callers),
        images_sockets.router(images, base.callers, base.sockets),
    )
    return Part(images, routers, {"pulls": pulls.run})


def _volumes(base: Base) -> Part[Volumes]:
    volumes = Volumes(base.engine.volumes, base.audit)
    return Part(volumes, (volumes_api.router(volumes, base.callers),))


def _networks(base: Base, views: Views) -> Part[Networks]:
    networks = Networks(base.engine.networks, views.networks, views.containers, base.audit)
    return Part(networks, (networks_api.router(networks, base.callers),))


def _builds(base: Base, images: Images) -> tuple[BuildRunner, Part[Builds]]:
    settings, installation = base.settings.build, _installation(base.settings.data_dir)
    ledger, bells = Ledger(base.database), Bells()
    files = BuildFiles(base.settings.data_dir / "builds", max_context_bytes=settings.max_context_bytes)
    runner = BuildRunner(
        ledger=ledger,
        files=files,
        engine=base.engine,
        bells=bells,
        settings=settings,
        installation=installation,
        metrics=base.metrics,
        clock=base.clock,
    )
    builds = Builds(
        ledger=ledger,
        files=files,
        runner=runner,
        images=images,
        bells=bells,
        destinations=Promises(base.database, Tools(base.settings.repositories), clock=base.clock),
        settings=settings,
        installation=installation,
        load=base.load,
        clock=base.clock,
    )
    routers = (
        analysis_api.router(Analyses(images, settings=settings), base.callers),
        builds_api.router(builds, base.callers),
        builds_sockets.router(builds, base.callers, base.sockets),
    )
    services: dict[str, Service] = {
        "builds": runner.run,
        "builds sweep": _repeated(runner.sweep, seconds=SWEEP_SECONDS),
        "queue age": _repeated(builds.measure_queue, seconds=QUEUE_SECONDS),
    }
    return runner, Part(builds, routers, services)


def _repositories(base: Base, builds: Builds) -> Part[Repositories]:
    settings, node = base.settings.repositories, _installation(base.settings.data_dir)
    tools, vault = Tools(settings), repositories_vault.Vault(base.sealer)
    signing = Signing(tools, node=node)
    files = RepositoryFiles(base.settings.data_dir / "repositories", grace_seconds=settings.grace_seconds)
    intake = Intake(base.database, files, builds, max_packages=settings.max_packages, clock=base.clock)
    publisher = Publisher(
        base.database,
        files,
        builds,
        intake,
        tools,
        signing,
        vault,
        node=node,
        seconds=settings.publish_seconds,
        clock=base.clock,
    )
    repositories = Repositories(
        base.database,
        builds,
        files,
        intake,
        publisher,
        tools,
        signing,
        vault,
        base.audit,
        node=node,
        max_per_user=settings.max_per_user,
        clock=base.clock,
    )
    routers = (
        repositories_api.router(repositories, base.callers),
        repositories_api.served_router(repositories, Readers(repositories.directory, base.callers)),
    )
    services: dict[str, Service] = {
        "repositories": publisher.run,
        "repositories sweep": _repeated(publisher.sweep, seconds=SWEEP_SECONDS),
    }
    return Part(repositories, routers, services)


def _containers(
    base: Base, view: LiveView, images: Images, volumes: Volumes, networks: Networks
) -> Part[Containers]:
    hub = StatsHub(base.engine.containers)
    containers = Containers(
        base.engine.containers,
        view,
        hub,
        images=images,
        volumes=volumes,
        networks=networks,
        notebook=base.notebook,
        bind_roots=base.settings.containers.bind_roots,
        docker_host=base.settings.docker_host,
        clock=base.clock,
    )
    return Part(containers, (containers_api.router(containers, base.callers),), {"stats": hub.run})


def _terminals(base: Base, view: LiveView) -> Part[Terminals]:
    limits = base.settings.terminals
    recordings = Recordings(
        base.settings.data_dir / "recordings",
        max_bytes=limits.max_recording_bytes,
        max_total_bytes=limits.max_recordings_bytes,
        days=limits.recording_days,
    )
    terminals = Terminals(
        base.engine.containers, view, base.audit, recordings, limits=limits, clock=base.clock
    )
    base.metrics.terminals.set_function(terminals.active)
    routers = (
        terminals_api.router(terminals, base.callers),
        terminals_sockets.router(terminals, base.callers, base.sockets),
    )
    services: dict[str, Service] = {
        "terminals": terminals.run,
        "terminals sweep": _repeated(terminals.sweep, seconds=SWEEP_SECONDS),
    }
    return Part(terminals, routers, services)


def _notifications(base: Base) -> Part[Notifications]:
    settings = base.settings
    policy = AddressPolicy(
        refused=settings.outbound.refused_networks, allowed=settings.outbound.allowed_networks
    )
    senders = Senders(
        poster=Poster(policy),
        smtp=settings.smtp,
        apprise=Apprise(settings.outbound),
        sealer=base.sealer,
        metrics=base.metrics,
        clock=base.clock,
        seconds=settings.notifications.deadline_seconds,
    )
    notifications = Notifications(
        base.database,
        base.audit,
        senders,
        holder=_installation(settings.data_dir),
        limits=settings.notifications,
        clock=base.clock,
    )
    services: dict[str, Service] = {
        "notifications": notifications.courier.run,
        "notifications sweep": _repeated(notifications.sweep, seconds=SWEEP_SECONDS),
    }
    return Part(notifications, (notifications_api.router(notifications, base.callers),), services)


def _status_pages(base: Base, probes: Probes) -> Part[StatusPages]:
    pages = StatusPages(base.database, probes, base.audit, clock=base.clock)
    return Part(pages, (status_pages_api.router(pages, base.callers),))


def _alerts(base: Base, notifications: Notifications) -> Part[Alerts]:
    alerts = Alerts(
        base.database,
        notifications,
        base.audit,
        settings=base.settings.alerts,
        metrics=base.metrics,
        clock=base.clock,
    )
    services: dict[str, Service] = {
        "alerts": alerts.run,
        "alerts feed": alerts.feed.run,
        "alerts sweep": _repeated(alerts.sweep, seconds=SWEEP_SECONDS),
    }
    return Part(alerts, (alerts_api.router(alerts, base.callers),), services)


def _probes(base: Base, containers: Containers, alerts: Alerts) -> Part[Probes]:
    limits, settings = base.settings.probes, base.settings
    # Of this life of the process: what an earlier one holds is taken from it, not renewed.
    holder = new_id("worker")
    feed, figures, vault = Feed(), Figures(), Vault(base.sealer)
    recorder = Recorder(base.database, alerts, feed, holder=holder)
    reaching = Reaching(
        containers.view,
        Names(),
        docker_host=settings.docker_host,
        allowed=settings.outbound.allowed_networks,
        refused=settings.outbound.refused_networks,
    )
    means = Means(reaching, base.engine.containers, containers.hub, base.clock)
    runner = ProbeRunner(
        base.database,
        Shares(base.database, holder=holder),
        recorder,
        Remedies(base.database, base.engine.containers, clock=base.clock),
        figures,
        view=containers.view,
        make=lambda config, target: check_of(config, target, means),
        vault=vault,
        clock=base.clock,
    )
    keeper = Keeper(base.database, holder=holder, limits=limits, clock=base.clock)
    collector = ProbeCollector(runner.watches, figures, recorder, most=limits.max_series)
    base.metrics.registry.register(collector)
    probes = Probes(
        base.database,
        runner,
        recorder,
        reaching,
        containers=containers,
        alerts=alerts,
        audit=base.audit,
        vault=vault,
        max_per_user=limits.max_per_user,
        clock=base.clock,
    )
    routers = (
        probes_api.router(probes, base.callers),
        probes_sockets.router(probes, feed, alerts.feed, base.callers, base.sockets),
    )

    async def keep() -> None:
        await keeper.run(lambda: runner.shards)

    services: dict[str, Service] = {
        "probes": runner.run,
        "probes elsewhere": Elsewhere(base.database, feed, holder=holder).run,
        "probes results": keep,
        "probes sweep": _repeated(keeper.bury, seconds=BURY_SECONDS),
    }
    return Part(probes, routers, services)


def _system(base: Base, view: LiveView, builds: Builds, repositories: Repositories) -> Part[System]:
    host = Host()
    system = System(
        settings=base.settings,
        database=base.database,
        engine=base.engine,
        view=view,
        redis=base.redis,
        builds=builds,
        repositories=repositories,
        host=host,
        load=base.load,
        clock=base.clock,
    )
    router = system_api.router(system, base.maintenance, base.callers, base.metrics)
    return Part(system, (router,), {"host": host.run})


def _errors(base: Base, records: ErrorRecords, known_faults: Catalogue) -> Part[ErrorRecords]:
    base.metrics.registry.register(ErrorCollector(records.tally))
    routers = (errors_api.router(known_faults), records_api.router(records, base.callers))
    services: dict[str, Service] = {
        "errors": records.run,
        "errors sweep": _repeated(records.sweep, seconds=SWEEP_SECONDS),
    }
    return Part(records, routers, services)


def _repeated(work: Callable[[], Awaitable[None]], *, seconds: float) -> Service:
    """A service that does this work again and again."""

    async def repeat() -> None:
        await every(seconds, work)

    return repeat


def _secret(settings: Settings) -> str:
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    return secret_in(settings.data_dir / "secret-key")


def _installation(data_dir: Path) -> str:
    """The name of this installation: made once, kept in the data directory."""
    path = data_dir / "installation"
    if not path.exists():
        fresh = path.with_suffix(".new")
        fresh.write_text(f"node_{os.urandom(6).hex()}\n")
        fresh.replace(path)
    return path.read_text().strip()

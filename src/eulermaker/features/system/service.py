"""How this installation is doing, and what it consists of."""

import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import anyio
from anyio import to_thread

from eulermaker import __version__
from eulermaker.engines.images import Images
from eulermaker.engines.port import Engine, EngineInfo
from eulermaker.features.builds.service import Builds
from eulermaker.features.containers.view import LiveView
from eulermaker.features.repositories.service import Repositories
from eulermaker.features.system.host import Host
from eulermaker.features.system.schemas import (
    ApiConfig,
    BuildConfig,
    BuildCounts,
    Config,
    ContainerCounts,
    CpuUse,
    DockerConfig,
    ImageCounts,
    Info,
    NetworkUse,
    OverloadConfig,
    RateLimitConfig,
    Resources,
    Space,
)
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import Clock
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault, Language
from eulermaker.kernel.load import Load
from eulermaker.kernel.redis import Redis
from eulermaker.kernel.settings import Settings

CHECK_SECONDS = 3.0
MIB = 1024 * 1024
#: Below so much free space builds begin to fail.
SCARCE_BYTES = 512 * MIB

Status = Literal["healthy", "degraded", "unhealthy", "disabled"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one component and a sentence about it."""

    status: Status
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the whole and of its parts; unhealthy when a required component is down."""

    status: Literal["healthy", "degraded", "unhealthy"]
    checks: dict[str, Check]


class ImageEngine(Engine, Protocol):
    """The engine with its images."""

    @property
    def images(self) -> Images:
        """Its images."""
        ...


class System:
    """Looks at the components that the product stands on."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        engine: ImageEngine,
        view: LiveView,
        redis: Redis | None,
        builds: Builds,
        repositories: Repositories,
        host: Host,
        load: Load,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._engine = engine
        self._view = view
        self._redis = redis
        self._builds = builds
        self._repositories = repositories
        self._host = host
        self._load = load
        self._clock = clock
        self._started = clock()

    async def health(self, language: Language) -> Health:
        """Ask every component, each within three seconds."""
        zh = language == "zh"
        checks: dict[str, Check] = {}

        async def database() -> None:
            name = "SQLite" if self._database.backend == "sqlite" else "PostgreSQL"
            well = f"{name} 连接正常" if zh else f"{name} connection successful"
            checks["database"] = await _check(self._database.ping, well, language)

        async def docker() -> None:
            well = "Docker 正在运行" if zh else "Docker daemon is running"
            checks["docker"] = await _check(self._engine.info, well, language)

        async with anyio.create_task_group() as group:
            group.start_soon(database)
            group.start_soon(docker)
        checks["redis"] = self._redis_check(zh=zh)
        checks["live_view"] = self._view_check(zh=zh)
        checks["repositories"] = await self._repositories_check(language)
        checks["disk"] = await self._disk_check(zh=zh)
        checks["load"] = self._load_check(zh=zh)
        return Health(_overall(checks), checks)

    async def info(self, call: Call) -> Info:
        """What is installed here; the parts that only the engine knows are None while it is away."""
        call.require(Permission.SYSTEM_READ)
        engine: EngineInfo | None = None
        images: ImageCounts | None = None

        async def ask_engine() -> None:
            nonlocal engine
            engine = await _answer(self._engine.info)

        async def ask_images() -> None:
            nonlocal images
            found = await _answer(self._engine.images.list)
            if found is not None:
                size = sum(image.size for image in found)
                images = ImageCounts(total=len(found), size=human_size(size), size_bytes=size)

        async with anyio.create_task_group() as group:
            group.start_soon(ask_engine)
            group.start_soon(ask_images)
        builds = await self._builds.count_by_state()
        return Info(
            version=__version__,
            docker_version=engine.version if engine else None,
            platform=engine.platform if engine else None,
            uptime=int((self._clock() - self._started).total_seconds()),
            started_at=self._started,
            containers=self._containers(),
            images=images,
            builds=BuildCounts(total=sum(builds.values()), **builds),
        )

    async def resources(self, call: Call) -> Resources:
        """What this machine has and uses."""
        call.require(Permission.SYSTEM_READ)
        cores, share = self._host.load()
        memory, traffic = self._host.memory(), self._host.traffic()
        disk = await to_thread.run_sync(shutil.disk_usage, self._settings.data_dir)
        return Resources(
            cpu=CpuUse(
                usage_percent=round(share * 100, 1), cores=int(cores) if cores.is_integer() else cores
            ),
            memory=_space(memory.total, memory.used, memory.total - memory.used),
            disk=_space(disk.total, disk.used, disk.free),
            network=NetworkUse(rx_bytes=traffic.received, tx_bytes=traffic.sent),
        )

    async def config(self, call: Call) -> Config:
        """The settings, without secrets."""
        call.require(Permission.SYSTEM_READ)
        engine = await _answer(self._engine.info)
        settings = self._settings
        limits = settings.rate_limit.model_dump()
        return Config(
            api=ApiConfig(
                version="v1",
                rate_limit=RateLimitConfig(requests_per_minute=settings.rate_limit.containers, **limits),
            ),
            docker=DockerConfig(
                host=without_credentials(settings.docker_host), version=engine.api_version if engine else None
            ),
            build=BuildConfig(cache_enabled=True, **settings.build.model_dump()),
            overload=OverloadConfig(**settings.overload.model_dump()),
            database="sqlite" if self._database.backend == "sqlite" else "postgresql",
            redis=self._redis is not None,
            environment=settings.environment,
            language=settings.language,
        )

    def _containers(self) -> ContainerCounts | None:
        if not self._view.connected:
            return None
        found = self._view.newest_first()
        return ContainerCounts(total=len(found), **Counter(container.status.value for container in found))

    def _redis_check(self, *, zh: bool) -> Check:
        if self._redis is None:
            return Check("disabled", "未使用 Redis" if zh else "Redis is not used")
        if self._redis.available:
            return Check("healthy", "Redis 连接正常" if zh else "Redis connection successful")
        away = (
            "Redis 没有响应：限流暂由本进程单独计数"
            if zh
            else "Redis does not answer: limits are counted in this process alone"
        )
        return Check("degraded", away)

    def _view_check(self, *, zh: bool) -> Check:
        if self._view.connected:
            return Check("healthy", "正在跟踪引擎事件" if zh else "Following the engine's events")
        lost = "未连接引擎事件，正在重连" if zh else "Not following the engine's events; connecting again"
        return Check("degraded", lost)

    async def _repositories_check(self, language: Language) -> Check:
        try:
            condition = await self._repositories.condition()
        except Fault as fault:
            return Check("degraded", fault.message(language))
        if condition.lack is None:
            well = "可以发布软件仓库" if language == "zh" else "Repositories can be published"
            return Check("healthy", well)
        # Who has no repository lacks nothing.
        return Check("degraded" if condition.used else "disabled", condition.lack.message(language))

    async def _disk_check(self, *, zh: bool) -> Check:
        free = (await to_thread.run_sync(shutil.disk_usage, self._settings.data_dir)).free
        told = f"数据目录剩余 {human_size(free)}" if zh else f"{human_size(free)} free in the data directory"
        return Check("degraded" if free < SCARCE_BYTES else "healthy", told)

    def _load_check(self, *, zh: bool) -> Check:
        percent = round(self._load.share * 100)
        told = f"负载为上限的 {percent}%" if zh else f"Load is at {percent} % of the limit"
        return Check("degraded" if self._load.refusal() else "healthy", told)


def human_size(size: int) -> str:
    """Bytes as docker writes them: decimal units, such as `2.5GB`."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f}{unit}" if amount >= 100 else f"{amount:.3g}{unit}"


def without_credentials(url: str) -> str:
    """The URL without a user name and a password."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _space(total: int, used: int, available: int) -> Space:
    percent = round(used / (used + available) * 100, 1) if used + available else 0.0
    return Space(total=total, used=used, available=available, usage_percent=percent)


def _overall(checks: dict[str, Check]) -> Literal["healthy", "degraded", "unhealthy"]:
    found = {check.status for check in checks.values()}
    return "unhealthy" if "unhealthy" in found else "degraded" if "degraded" in found else "healthy"


async def _answer(ask: Callable[[], Awaitable[T]]) -> T | None:
    """What the engine answers within three seconds; None when it does not."""
    try:
        with anyio.fail_after(CHECK_SECONDS):
            return await ask()
    except (Fault, TimeoutError):
        return None


async def _check(ask: Callable[[], Awaitable[object]], well: str, language: Language) -> Check:
    try:
        with anyio.fail_after(CHECK_SECONDS):
            await ask()
    except Fault as fault:
        return Check("unhealthy", fault.message(language))
    except TimeoutError:
        late = (
            f"{CHECK_SECONDS:.0f} 秒内没有响应"
            if language == "zh"
            else f"No answer within {CHECK_SECONDS:.0f} s"
        )
        return Check("unhealthy", late)
    return Check("healthy", well)

"""How this installation is doing."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import anyio

from eulermaker.engines.port import Engine
from eulermaker.kernel.database import Database
from eulermaker.kernel.faults import Fault, Language

CHECK_SECONDS = 3.0

Status = Literal["healthy", "degraded", "unhealthy", "disabled"]


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one component and a sentence about it."""

    status: Status
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the whole and of its parts; unhealthy when a required component is down."""

    status: Status
    checks: dict[str, Check]


class System:
    """Looks at the components that the product stands on."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine
        self.started = time.monotonic()

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
        checks["redis"] = Check("disabled", "未使用 Redis" if zh else "Redis is not used")
        down = any(check.status == "unhealthy" for check in checks.values())
        return Health("unhealthy" if down else "healthy", checks)


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

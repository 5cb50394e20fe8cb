"""The system's routes: health, also as orchestrators and Prometheus expect it, and administration."""

from typing import Annotated

from fastapi import APIRouter, Depends
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.system.maintenance import Maintenance, Window
from eulermaker.features.system.schemas import (
    ComponentHealth,
    Config,
    Info,
    MaintenanceState,
    NewMaintenance,
    Resources,
    SystemHealth,
)
from eulermaker.features.system.service import System
from eulermaker.kernel.call import Call, Permission
from eulermaker.kernel.clock import rfc3339, utc_now
from eulermaker.kernel.telemetry import Metrics

BEGUN = {"zh": "系统已进入维护模式", "en": "Maintenance has begun"}
ENDED = {"zh": "系统已退出维护模式", "en": "Maintenance has ended"}


def router(system: System, maintenance: Maintenance, callers: Callers, metrics: Metrics) -> APIRouter:
    """The routes under `/api/v1/system`, and those of health, which need no token."""
    routes = APIRouter(tags=["system"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get(
        "/api/v1/system/health",
        response_model=Success[SystemHealth],
        responses={503: {"model": Success[SystemHealth], "description": "A required component is down"}},
    )
    async def health(request: Request) -> Response:
        """The state of every component; 503 when a required one is down."""
        told = await system.health(request.state.language)
        body = SystemHealth(
            status=told.status,
            checks={n: ComponentHealth(status=c.status, message=c.message) for n, c in told.checks.items()},
            timestamp=rfc3339(utc_now()),
        )
        return success(body, status=503 if told.status == "unhealthy" else 200)

    @routes.get("/api/v1/system/info", response_model=Success[Info])
    async def info(call: Caller) -> Response:
        """What is installed here, and how much there is of everything."""
        return success(await system.info(call))

    @routes.get("/api/v1/system/resources", response_model=Success[Resources])
    async def resources(call: Caller) -> Response:
        """What this machine, or the container that the server runs in, has and uses."""
        return success(await system.resources(call))

    @routes.get("/api/v1/system/config", response_model=Success[Config])
    async def config(call: Caller) -> Response:
        """The settings, without secrets."""
        return success(await system.config(call))

    @routes.get("/api/v1/system/maintenance", response_model=Success[MaintenanceState])
    async def maintenance_state(call: Caller) -> Response:
        """Whether writes are kept out."""
        call.require(Permission.SYSTEM_READ)
        return success(_state(maintenance.current))

    @routes.put("/api/v1/system/maintenance", response_model=Success[MaintenanceState])
    async def begin_maintenance(call: Caller, body: NewMaintenance) -> Response:
        """Keep writes out, in every process of this installation within two seconds."""
        window = await maintenance.begin(call, kind=body.type, message=body.message, until=body.until)
        return success(_state(window), message=BEGUN[call.language])

    @routes.delete("/api/v1/system/maintenance", response_model=Done)
    async def end_maintenance(call: Caller) -> Response:
        """Let writes in again."""
        await maintenance.end(call)
        return done(ENDED[call.language])

    @routes.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> Response:
        """Whether the process answers."""
        return PlainTextResponse("ok\n")

    @routes.get(
        "/readyz",
        response_class=PlainTextResponse,
        responses={503: {"description": "Not ready", "content": {"text/plain": {}}}},
    )
    async def readyz() -> Response:
        """Whether the server can do its work."""
        told = await system.health("en")
        missing = [name for name, check in told.checks.items() if check.status == "unhealthy"]
        if missing:
            return PlainTextResponse(f"not ready: {', '.join(missing)}\n", status_code=503)
        return PlainTextResponse("ready\n")

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def prometheus() -> Response:
        """The metrics of this process in Prometheus' text format."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def _state(window: Window | None) -> MaintenanceState:
    if window is None:
        return MaintenanceState(enabled=False)
    return MaintenanceState(enabled=True, **window.model_dump())

"""Health, in 000's form and in those that orchestrators and Prometheus expect."""

from typing import Literal

from fastapi import APIRouter
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from eulermaker.dialects.success import Success, success
from eulermaker.features.system.service import System
from eulermaker.kernel.clock import rfc3339, utc_now
from eulermaker.kernel.telemetry import Metrics


class ComponentHealth(BaseModel):
    """The state of one component."""

    status: Literal["healthy", "degraded", "unhealthy", "disabled"]
    message: str


class SystemHealth(BaseModel):
    """The state of the whole."""

    status: Literal["healthy", "degraded", "unhealthy"]
    checks: dict[str, ComponentHealth]
    timestamp: str


def router(system: System, metrics: Metrics) -> APIRouter:
    """The routes that tell how the server is doing; none needs a token."""
    routes = APIRouter(tags=["system"])

    @routes.get(
        "/api/v1/system/health",
        response_model=Success[SystemHealth],
        responses={503: {"model": Success[SystemHealth], "description": "A required component is down"}},
    )
    async def health(request: Request) -> Response:
        """The state of every component; 503 when a required one is down."""
        told = await system.health(request.state.language)
        body = SystemHealth(
            status="unhealthy" if told.status == "unhealthy" else "healthy",
            checks={n: ComponentHealth(status=c.status, message=c.message) for n, c in told.checks.items()},
            timestamp=rfc3339(utc_now()),
        )
        return success(body, status=503 if told.status == "unhealthy" else 200)

    @routes.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> Response:
        """Whether the process answers."""
        return PlainTextResponse("ok\n")

    @routes.get("/readyz", response_class=PlainTextResponse, responses={503: {"description": "Not ready"}})
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

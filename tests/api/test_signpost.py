"""The way to the routes: every route is found where it would be if all were tried."""

from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Match, Route, WebSocketRoute
from starlette.types import Scope

from eulermaker.assembly import assemble
from eulermaker.kernel.settings import Settings
from eulermaker.signpost import Signpost

pytestmark = pytest.mark.anyio


def _house() -> FastAPI:
    routes = APIRouter()

    @routes.get("/a/b/{thing}")
    async def get(thing: str) -> str:
        return f"got {thing}"

    @routes.post("/a/b/{thing}")
    async def post(thing: str) -> str:
        return f"posted {thing}"

    @routes.get("/a/{one}/{other}")
    async def general(one: str, other: str) -> str:
        return f"{one} or {other}"

    @routes.get("/a/b/c/d/{rest:path}")
    async def deep(rest: str) -> str:
        return f"deep {rest}"

    @routes.get("/")
    async def root() -> str:
        return "root"

    app = FastAPI(openapi_url=None)
    app.router.routes.append(Signpost(routes.routes))
    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/a/b/1", 200, "got 1"),
        ("POST", "/a/b/1", 200, "posted 1"),
        ("GET", "/a/x/1", 200, "x or 1"),
        ("GET", "/a/b/c/d/e/f", 200, "deep e/f"),
        ("GET", "/", 200, "root"),
        ("DELETE", "/a/b/1", 405, {"detail": "Method Not Allowed"}),
        ("GET", "/a/b", 404, {"detail": "Not Found"}),
        ("GET", "/b", 404, {"detail": "Not Found"}),
        # What has a slash too much is sent to where it has none.
        ("GET", "/a/b/1/", 307, None),
    ],
)
async def test_the_right_route_is_taken(method: str, path: str, status: int, told: object) -> None:
    transport = httpx.ASGITransport(_house())
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert status == 307 or answer.json() == told
    if status == 405:
        assert answer.headers["Allow"] == "GET"


def test_every_route_of_the_server_is_where_trying_all_of_them_leads(tmp_path: Path) -> None:
    signpost = next(
        route
        for route in assemble(Settings(data_dir=tmp_path)).api.router.routes
        if isinstance(route, Signpost)
    )
    assert len(signpost.routes) > 100
    for route in signpost.routes:
        assert isinstance(route, Route | WebSocketRoute)
        path = route.path.replace("{", "").replace("}", "").replace(":path", "")
        method = min(route.methods or {"GET"}) if isinstance(route, Route) else None
        scope: Scope = {
            "type": "http" if method else "websocket",
            "path": path,
            "method": method,
            "headers": [],
        }
        led = [other for other in signpost.routes if other.matches(dict(scope))[0] is Match.FULL]
        match, found = signpost.matches(scope)
        assert match is Match.FULL, path
        assert found["route"] is led[0], path

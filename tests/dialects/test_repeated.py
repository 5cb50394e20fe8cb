"""Routes that read a query once: refusals stay refusals, and who asks is asked for every time."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from eulermaker.dialects import repeated
from eulermaker.dialects.repeated import RepeatedRoute, repeatable

pytestmark = pytest.mark.anyio


class Counted:
    """An application that counts how often a query was read."""

    def __init__(self) -> None:
        self.read = 0
        routes = APIRouter(prefix="/things", route_class=RepeatedRoute)

        @routes.get("/{thing}")
        async def get(request: Request, thing: str, limit: Annotated[int, Query(le=9)] = 1) -> Response:
            self.read += 1

            async def answer(request: Request) -> Response:
                return PlainTextResponse(f"{thing} {limit} {request.headers['x-who']}")

            return await repeatable(request, answer)

        self.app = FastAPI(openapi_url=None)
        self.app.include_router(routes)

    async def ask(self, path: str, who: str = "me") -> httpx.Response:
        """What is answered."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers={"X-Who": who})


async def test_the_same_is_read_once_and_answered_to_whoever_asks() -> None:
    counted = Counted()
    for who in ("me", "you", "me"):
        assert (await counted.ask("/things/a?limit=2", who)).text == f"a 2 {who}"
    assert counted.read == 1


async def test_another_path_or_query_is_read_for_itself() -> None:
    counted = Counted()
    for path, text in (("/things/a", "a 1"), ("/things/b", "b 1"), ("/things/b?limit=3", "b 3")):
        for _ in range(2):
            assert (await counted.ask(path)).text == f"{text} me"
    assert counted.read == 3


async def test_what_is_refused_is_refused_again() -> None:
    counted = Counted()
    for _ in range(2):
        assert (await counted.ask("/things/a?limit=10")).status_code == 422


async def test_no_more_is_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "MAX_QUERIES", 2)
    counted = Counted()
    for thing in "abcab":
        assert (await counted.ask(f"/things/{thing}")).text == f"{thing} 1 me"
    assert counted.read == 5
    long = "x" * repeated.MAX_LENGTH
    for _ in range(2):
        await counted.ask(f"/things/{long}")
    assert counted.read == 7

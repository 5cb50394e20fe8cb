"""Reads whose query is read once: refusals stay refusals, and who asks counts every time."""

from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from eulermaker.dialects import repeated
from eulermaker.dialects.repeated import Repeats, repeatable
from eulermaker.kernel.call import FORBIDDEN, Call, Permission, Principal, Role
from eulermaker.kernel.faults import Fault

pytestmark = pytest.mark.anyio


def _call(request: Request) -> Call:
    found: Call = request.state.call
    return found


class Counted:
    """An application that counts how often a query was read."""

    def __init__(self) -> None:
        self.read = 0
        self.api = FastAPI(openapi_url=None)
        self.api.add_exception_handler(Fault, self._refuse)
        self.api.add_middleware(Repeats, refusal=self._refuse)
        Caller = Annotated[Call, Depends(_call)]

        @self.api.api_route("/things/{thing}", methods=["GET", "POST"])
        async def get(
            request: Request, call: Caller, thing: str, limit: Annotated[int, Query(le=9)] = 1
        ) -> Response:
            self.read += 1

            async def answer(call: Call) -> bytes:
                call.require(Permission.BUILDS_WRITE)
                return f'"{thing} {limit} {call.principal.user}"'.encode()

            return await repeatable(request, call, answer)

    async def ask(self, path: str, who: str = "me", *, method: str = "GET") -> httpx.Response:
        """What is answered to somebody, who may write unless he is called a reader."""

        async def gate(scope: Scope, receive: Receive, send: Send) -> None:
            role = Role.READONLY if who == "reader" else Role.USER
            call = Call(Principal(who, who, "tenant", role, "session"), "en")
            scope["state"] = {"call": call} if who else {}
            await self.api(scope, receive, send)

        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path)

    async def _refuse(self, _: Request, fault: Exception) -> Response:
        assert isinstance(fault, Fault)
        return PlainTextResponse(fault.entry.slug, status_code=403)


async def test_the_same_is_read_once_and_answered_to_whoever_asks() -> None:
    counted = Counted()
    first, *others = [await counted.ask("/things/a?limit=2", who) for who in ("me", "you", "me")]
    assert [answer.json() for answer in (first, *others)] == ["a 2 me", "a 2 you", "a 2 me"]
    assert all(answer.headers == first.headers for answer in others[1:])
    assert counted.read == 1


async def test_another_path_or_query_is_read_for_itself() -> None:
    counted = Counted()
    for path, text in (("/things/a", "a 1"), ("/things/b", "b 1"), ("/things/b?limit=3", "b 3")):
        for _ in range(2):
            assert (await counted.ask(path)).json() == f"{text} me"
    assert counted.read == 3


async def test_what_is_refused_is_refused_again() -> None:
    counted = Counted()
    for _ in range(2):
        assert (await counted.ask("/things/a?limit=10")).status_code == 422
        refused = await counted.ask("/things/a", "reader")
        assert (refused.status_code, refused.text) == (403, FORBIDDEN.slug)
    assert counted.read == 2


async def test_a_repeated_answer_is_refused_to_those_who_may_not_have_it() -> None:
    counted = Counted()
    assert (await counted.ask("/things/a")).json() == "a 1 me"
    assert (await counted.ask("/things/a", "reader")).text == FORBIDDEN.slug
    assert counted.read == 1


async def test_only_reads_of_known_callers_are_repeated() -> None:
    counted = Counted()
    for _ in range(2):
        assert (await counted.ask("/things/a", method="POST")).json() == "a 1 me"
    assert counted.read == 2
    await counted.ask("/things/a")
    with pytest.raises(
        AttributeError
    ):  # Whoever the gate has not let in reaches the endpoint's own question.
        await counted.ask("/things/a", "")


async def test_no_more_is_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "MAX_QUERIES", 2)
    counted = Counted()
    for thing in "abcab":
        assert (await counted.ask(f"/things/{thing}")).json() == f"{thing} 1 me"
    assert counted.read == 5
    long = "x" * repeated.MAX_LENGTH
    for _ in range(2):
        await counted.ask(f"/things/{long}")
    assert counted.read == 7

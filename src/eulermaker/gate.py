"""The gate: which requests go on to the routes, and which are turned away before they cost anything."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum
from math import ceil
from typing import NamedTuple, Protocol

import anyio
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import Clock, rfc3339
from eulermaker.kernel.faults import Fault
from eulermaker.kernel.limits import RATE_LIMITED, SIGN_IN_RATE_LIMITED, Limits, Quota, Verdict, origin
from eulermaker.kernel.load import Load
from eulermaker.kernel.settings import RateLimit
from eulermaker.kernel.sockets import Place, Places

Headers = list[tuple[bytes, bytes]]
Answer = Callable[[HTTPConnection, Exception], Awaitable[Response | None]]

GIVE_BACK_SECONDS = 2.0
#: Methods that change nothing (RFC 9110 §9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Class(StrEnum):
    """What requests are counted together; the names are those of the settings."""

    AUTH = "auth"
    CONTAINERS = "containers"
    BUILDS = "builds"
    READS = "reads"
    UNLIMITED = "unlimited"


class Area(NamedTuple):
    """Routes under one prefix: how reads and writes are counted there.

    `essential` ones go on through maintenance and overload: without them nobody could see what is
    the matter, sign in, or end it. `open` ones need no token; on all others the caller is known
    before a body is read.
    """

    prefix: str
    reads: Class
    writes: Class
    essential: bool = False
    open: bool = False


#: First match wins.
AREAS = (
    # Asked for by those who have signed in, once for each socket: counted as what it opens.
    Area("/api/v1/auth/ws-ticket", Class.READS, Class.CONTAINERS),
    # What only who is signed in can ask is no attempt to sign in.
    Area("/api/v1/auth/me", Class.READS, Class.CONTAINERS, essential=True),
    Area("/api/v1/auth/sessions", Class.READS, Class.CONTAINERS, essential=True),
    Area("/api/v1/auth/logout", Class.READS, Class.CONTAINERS, essential=True),
    Area("/api/v1/auth/policy", Class.READS, Class.CONTAINERS, essential=True, open=True),
    Area("/api/v1/auth", Class.AUTH, Class.AUTH, essential=True, open=True),
    # Family 003 tells in words of its own that a token is missing: its routes ask for it.
    Area("/api/auth/session", Class.READS, Class.CONTAINERS, essential=True, open=True),
    Area("/api/auth/users", Class.READS, Class.CONTAINERS, essential=True, open=True),
    Area("/api/auth/admin", Class.READS, Class.CONTAINERS, essential=True, open=True),
    Area("/api/auth/mfa/status", Class.READS, Class.CONTAINERS, essential=True, open=True),
    Area("/api/auth", Class.AUTH, Class.AUTH, essential=True, open=True),
    Area("/api/ping", Class.READS, Class.READS, essential=True, open=True),
    Area("/v1/auth/logout", Class.READS, Class.CONTAINERS, essential=True),
    Area("/v1/auth/logout-all", Class.READS, Class.CONTAINERS, essential=True),
    Area("/v1/auth", Class.AUTH, Class.AUTH, essential=True, open=True),
    # Whoever changes a password can guess at the one in use.
    Area("/v1/users/me/password", Class.READS, Class.AUTH, essential=True),
    Area("/v1/users", Class.READS, Class.CONTAINERS, essential=True),
    Area("/v1/api-keys", Class.READS, Class.CONTAINERS, essential=True),
    Area("/api/v1/containers", Class.READS, Class.CONTAINERS),
    Area("/api/v1/images", Class.READS, Class.CONTAINERS),
    Area("/api/v1/volumes", Class.READS, Class.CONTAINERS),
    Area("/api/v1/networks", Class.READS, Class.CONTAINERS),
    Area("/api/v1/terminals", Class.READS, Class.CONTAINERS),
    # A heartbeat's URL is all that it takes.
    Area("/api/v1/probes/push", Class.READS, Class.READS, open=True),
    Area("/api/v1/probes", Class.READS, Class.CONTAINERS),
    Area("/api/v1/notifications", Class.READS, Class.CONTAINERS),
    # It stores nothing, and editors ask with every pause of the typing.
    Area("/api/v1/builds/analyze", Class.READS, Class.READS),
    Area("/api/v1/builds", Class.READS, Class.BUILDS),
    Area("/api/v1/repositories", Class.READS, Class.CONTAINERS),
    # dnf asks once for each package that it installs, and signs in by itself where that is needed.
    Area("/repos", Class.UNLIMITED, Class.READS, open=True),
    Area("/api/v1/system/health", Class.UNLIMITED, Class.READS, essential=True, open=True),
    Area("/api/v1/system", Class.READS, Class.CONTAINERS, essential=True),
    Area("/api/v1/errors", Class.READS, Class.READS, open=True),
    Area("/status", Class.READS, Class.READS, open=True),
    # A page of the console is dozens of them, and it has to come up when all else is refused.
    Area("/assets", Class.UNLIMITED, Class.READS, essential=True, open=True),
    Area("/openapi.json", Class.READS, Class.READS, open=True),
    Area("/healthz", Class.UNLIMITED, Class.READS, essential=True, open=True),
    Area("/readyz", Class.UNLIMITED, Class.READS, essential=True, open=True),
    Area("/metrics", Class.UNLIMITED, Class.READS, essential=True, open=True),
)
#: What lies under no prefix answers 404, and is counted all the same.
ELSEWHERE = Area("", Class.READS, Class.CONTAINERS, open=True)


def area_of(path: str) -> Area:
    """The area that a path lies in."""
    whole = f"{path}/"
    for area in AREAS:
        if whole.startswith(area.prefix) and whole[len(area.prefix)] == "/":
            return area
    return ELSEWHERE


class Notice(Protocol):
    """What keeps writes out for a while."""

    def refusal(self) -> Fault | None:
        """The fault to answer writes with, if they are kept out now."""
        ...


class Admission:
    """Decides whether a request may go on: its client's quota first, then what the server can bear."""

    def __init__(
        self,
        settings: RateLimit,
        *,
        limits: Limits,
        load: Load,
        maintenance: Notice,
        user_of: Callable[[str], str | None],
        user_of_key: Callable[[str], str | None],
        authenticate: Callable[[Scope], Awaitable[Call]],
        clock: Clock,
    ) -> None:
        self._authenticate = authenticate
        self._quotas = _quotas(settings)
        self._limits = limits
        self._maintenance = maintenance
        self._user_of = user_of
        self._user_of_key = user_of_key
        self._clock = clock
        self.load = load

    async def decide(self, scope: Scope) -> tuple[Fault | None, Headers]:
        """Why the request is turned away, if it is, and the headers that tell its quota."""
        area, reading = area_of(scope["path"]), scope["method"] in SAFE
        fault, headers = await self._count(scope, area.reads if reading else area.writes)
        if fault is not None:
            return fault, headers
        if not area.open:
            try:
                scope["state"]["call"] = await self._authenticate(scope)
            except Fault as fault:
                return fault, headers
        if area.essential:
            return None, headers
        return (None if reading else self._maintenance.refusal()) or self.load.refusal(), headers

    async def decide_socket(self, scope: Scope) -> tuple[Fault | None, Headers]:
        """The same for the handshake of a socket, which is a read; who it is, its route asks."""
        fault, headers = await self._count(scope, Class.READS)
        return fault or self.load.refusal(), headers

    async def _count(self, scope: Scope, limited: Class) -> tuple[Fault | None, Headers]:
        quota = self._quotas.get(limited)
        if quota is None:
            return None, []
        verdict = await self._limits.count(quota, self._who(scope, quota))
        reset = rfc3339(self._clock() + timedelta(seconds=verdict.wait))
        return None if verdict.allowed else _over(quota, verdict, reset), _headers(verdict, reset)

    def _who(self, scope: Scope, quota: Quota) -> str:
        if quota.name != Class.AUTH:
            for name, value in scope["headers"]:
                if name == b"authorization" and (user := self._user_of(value.decode("latin-1"))):
                    return user
                if name == b"x-api-key" and (user := self._user_of_key(value.decode("latin-1"))):
                    return user
        client = scope.get("client")
        return origin(client[0]) if client else "local"


def _over(quota: Quota, verdict: Verdict, reset: str) -> Fault:
    entry = SIGN_IN_RATE_LIMITED if quota.name == Class.AUTH else RATE_LIMITED
    seconds = max(1, ceil(verdict.wait))
    details = {"limit": verdict.limit, "remaining": 0, "reset_time": reset}
    return entry(details=details, retry_after=seconds, limit=verdict.limit, seconds=seconds)


def _headers(verdict: Verdict, reset: str) -> Headers:
    return [
        (b"x-ratelimit-limit", b"%d" % verdict.limit),
        (b"x-ratelimit-remaining", b"%d" % verdict.remaining),
        (b"x-ratelimit-reset", reset.encode()),
    ]


class Gate:
    """ASGI middleware: answers what is not admitted, and frees the place of each socket that ends."""

    def __init__(self, app: ASGIApp, *, admission: Admission, places: Places, answer: Answer) -> None:
        self._app = app
        self._admission = admission
        self._places = places
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request or socket through, or answer it."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._socket(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal, headers = await self._admission.decide(scope)
        with self._admission.load.request() as in_flight:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    in_flight.answered()
                    message["headers"].extend(headers)
                await send(message)

            if refusal is None:
                await self._app(scope, receive, told)
            else:
                response = await self._answer(Request(scope), refusal)
                assert response is not None
                await response(scope, receive, told)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal, headers = await self._admission.decide_socket(scope)

        async def told(message: Message) -> None:
            if message["type"] in ("websocket.accept", "websocket.http.response.start"):
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        if refusal is not None:
            await self._answer(WebSocket(scope, receive, told), refusal)
            return
        place = Place()
        scope["state"]["place"] = place
        try:
            await self._app(scope, receive, told)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(GIVE_BACK_SECONDS):
                await self._places.give_back(place)


def _quotas(settings: RateLimit) -> dict[Class, Quota]:
    """The quota of each class; none where limits are switched off."""
    if not settings.enabled:
        return {}
    return {
        limited: Quota(limited.value, getattr(settings, limited.value))
        for limited in Class
        if limited is not Class.UNLIMITED
    }

"""The ASGI application: features mounted under their dialects, and every error answered in one place."""

import re
import time
import traceback
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from eulermaker import __version__
from eulermaker.dialects import problem
from eulermaker.dialects.dialect import Rendering
from eulermaker.dialects.render import answer_of, body_in, dialect_for, family_of, headers_of, language_for
from eulermaker.dialects.repeated import Repeats
from eulermaker.features.errors.schemas import Told
from eulermaker.gate import Admission, Gate, area_of
from eulermaker.kernel.clock import rfc3339, utc_now
from eulermaker.kernel.faults import (
    BODY_TOO_LARGE,
    INTERNAL,
    MALFORMED_BODY,
    METHOD_NOT_ALLOWED,
    ROUTE_NOT_FOUND,
    Catalogue,
    Family,
    Fault,
    InvalidFields,
    Language,
)
from eulermaker.kernel.ids import new_id
from eulermaker.kernel.settings import Settings
from eulermaker.kernel.sockets import Places
from eulermaker.kernel.telemetry import Metrics, request_id, trace_id
from eulermaker.kernel.validation import field_errors
from eulermaker.openapi import describe
from eulermaker.signpost import Signpost

log = structlog.get_logger("eulermaker.http")

MAX_BODY = 64 * 1024 * 1024
#: 000's and 002's at once: errors are 000's with 002's text beside.
AUTH = "/api/v1/auth/"
#: What names an `e-mail` here is 002's: refused fields are told as 002 does.
SHARED = {f"{AUTH}login", f"{AUTH}register"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
#: Bodies about accounts are short: what is longer is not read.
MAX_ACCOUNT_BODY = 64 * 1024
_ACCOUNT_BODY = re.compile(r"/api/v1/auth/|/api/auth/|/v1/(auth|users|api-keys)(/|$)")
_STREAMED_BODY = re.compile(r"/api/v1/(builds/[^/]+/context/|images/import$|containers/[^/]+/files$)")
# RFC 6455 §7.4: the frame after which a socket that could not be opened is closed.
POLICY_VIOLATION = 1008


class Api(FastAPI):
    """The routes, and the document that describes them and the catalogue's faults."""

    def __init__(self, signpost: Signpost, catalogue: Catalogue) -> None:
        self._signpost = signpost
        self._catalogue = catalogue
        super().__init__(
            title="EulerMaker Docker Optimizer",
            version=__version__,
            openapi_url="/openapi.json",
            # The documentation pages of FastAPI load scripts from another origin.
            docs_url=None,
            redoc_url=None,
            # The metrics and the trace ids are our own.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        self.router.routes.insert(0, signpost)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made when it is first asked for."""
        if not self.openapi_schema:
            self.openapi_schema = describe(self.title, self.version, self._signpost.routes, self._catalogue)
        return self.openapi_schema


def create_api(
    settings: Settings,
    metrics: Metrics,
    routers: Iterable[APIRouter],
    catalogue: Catalogue,
    *,
    admission: Admission,
    places: Places,
    note: Callable[[Told], None],
) -> Api:
    """The application with these routes behind the gate; it is served inside an Envelope.

    Every error that a client is told is noted.
    """
    app = Api(Signpost(route for router in routers for route in router.routes), catalogue)
    answers = Answers(settings, metrics, note)
    # The last one added is the first one asked.
    app.add_middleware(Repeats, refusal=answers.fault)
    app.add_middleware(Gate, admission=admission, places=places, answer=answers.fault)
    # One handler serves requests and sockets, which Starlette calls it for alike.
    app.add_exception_handler(Fault, answers.fault)  # type: ignore[arg-type]  # also for sockets
    app.add_exception_handler(RequestValidationError, answers.invalid)
    app.add_exception_handler(HTTPException, answers.http)  # type: ignore[arg-type]  # also for sockets
    app.add_exception_handler(WebSocketRequestValidationError, answers.invalid_socket)
    app.add_exception_handler(Exception, answers.unexpected)
    return app


class Answers:
    """Turns exceptions into error responses."""

    def __init__(self, settings: Settings, metrics: Metrics, note: Callable[[Told], None]) -> None:
        self._settings = settings
        self._metrics = metrics
        self._note = note

    async def fault(self, connection: HTTPConnection, error: Exception) -> Response | None:
        """The answer to a fault; on a socket that was not accepted yet, the same as a refusal."""
        assert isinstance(error, Fault)
        if isinstance(connection, WebSocket):
            await self._refuse(connection, error)
            return None
        return self._render(connection, error, family_of(connection.url.path))

    async def invalid(self, connection: HTTPConnection, error: Exception) -> Response:
        """The answer to a body or a query that its schema refuses."""
        assert isinstance(error, RequestValidationError)
        family = family_of(connection.url.path)
        if connection.url.path in SHARED and isinstance(error.body, dict) and "email" in error.body:
            family = "002"
        malformed = any(found["type"] == "json_invalid" for found in error.errors())
        # 002 shows Pydantic's list whatever is wrong; elsewhere a body that is no JSON has no fields.
        if malformed and family != "002":
            return self._render(connection, MALFORMED_BODY(), family)
        return self._render(connection, InvalidFields(field_errors(error.errors())), family)

    async def invalid_socket(self, websocket: WebSocket, error: Exception) -> None:
        """The refusal of a socket whose query its schema refuses."""
        assert isinstance(error, WebSocketRequestValidationError)
        await self._refuse(websocket, InvalidFields(field_errors(error.errors())))

    async def http(self, connection: HTTPConnection, error: Exception) -> Response | None:
        """The answer to what the router itself refuses."""
        assert isinstance(error, HTTPException)
        fault = _router_fault(error)
        if isinstance(connection, WebSocket):
            await self._refuse(connection, fault)
            return None
        response = self._render(connection, fault, family_of(connection.url.path))
        response.headers.update(error.headers or {})
        return response

    async def unexpected(self, connection: HTTPConnection, error: Exception) -> Response:
        """The answer to an error of ours; what it was is logged, and told in development only."""
        log.error("request.failed", path=connection.url.path, exc_info=error)
        stack = "".join(traceback.format_exception(error)) if self._development else None
        fault = INTERNAL()
        fault.__cause__ = error
        return self._render(connection, fault, family_of(connection.url.path), stack=stack)

    @property
    def _development(self) -> bool:
        return self._settings.environment == "development"

    def _render(
        self, connection: HTTPConnection, fault: Fault, family: Family, *, stack: str | None = None
    ) -> Response:
        rendering = self._rendering(connection, fault, family, stack)
        dialect = dialect_for(
            family=family,
            accept=connection.headers.get("accept", ""),
            wanted=connection.headers.get("x-error-dialect", ""),
        )
        body = body_in(dialect, rendering)
        if connection.url.path.startswith(AUTH) and dialect == "000":
            body["detail"] = answer_of(fault, "002").code
        media_type = problem.MEDIA_TYPE if dialect == "problem" else "application/json"
        self._metrics.faults.labels(slug=fault.entry.slug).inc()
        self._note(_told(connection, rendering))
        # What is behind an error of ours was logged with its traceback.
        if (
            fault.__cause__ is not None
            and not isinstance(fault, InvalidFields)
            and fault.entry is not INTERNAL
        ):
            log.warning("request.fault", fault=fault.entry.slug, cause=repr(fault.__cause__))
        return Response(
            to_json(body),
            status_code=rendering.answer.status,
            headers=headers_of(rendering, family),
            media_type=media_type,
        )

    async def _refuse(self, websocket: WebSocket, fault: Fault) -> None:
        # Starlette knows the answer to a refused handshake as an extension of ASGI; where the
        # server does not offer it, the close code is all that can be told.
        if "websocket.http.response" in websocket.scope.get("extensions", {}):
            await websocket.send_denial_response(
                self._render(websocket, fault, family_of(websocket.url.path))
            )
        else:
            await websocket.close(POLICY_VIOLATION, fault.entry.slug)

    def _rendering(
        self, connection: HTTPConnection, fault: Fault, family: Family, stack: str | None
    ) -> Rendering:
        language: Language = "zh" if family == "002" else connection.state.language
        return Rendering(
            fault=fault,
            answer=answer_of(fault, family),
            language=language,
            timestamp=rfc3339(utc_now()),
            request_id=connection.state.request_id,
            trace_id=connection.state.trace_id,
            path=connection.url.path,
            stack=stack,
            family=family,
        )


class Envelope:
    """What surrounds every request: its ids, its language, its bound, its metrics, its log line."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._language = settings.language
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or serve one socket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = _wanted_id(headers.get(b"x-request-id"))
        state["trace_id"] = _wanted_trace(headers.get(b"traceparent"))
        state["language"] = language_for(
            headers.get(b"accept-language", b"").decode("latin-1"), self._language
        )
        request_id.set(state["request_id"])
        trace_id.set(state["trace_id"])
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        identifier = scope["state"]["request_id"].encode()

        async def named(message: Message) -> None:
            if message["type"] == "websocket.http.response.start":
                message["headers"].append((b"x-request-id", identifier))
            await send(message)

        await self._app(scope, receive, named)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        identifier = scope["state"]["request_id"].encode()
        started, status, answered = time.perf_counter(), 500, False

        async def watched(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", identifier))
                await send(message)
            else:
                await send(message)
                answered = not message.get("more_body", False)

        bounded = receive if _STREAMED_BODY.match(scope["path"]) else _bounded(receive, _most(scope["path"]))
        try:
            await self._app(scope, bounded, watched)
        except Exception:
            # Starlette raises again what `Answers.unexpected` has logged and answered: the server
            # would log it once more and drop a connection that is in order.
            if not answered:
                raise
        finally:
            self._count(scope, status, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.count_request(_method(scope["method"]), route, status, seconds=seconds)
        if status >= 500:
            log.warning("request.answered", method=scope["method"], route=route, status=status)


def _told(connection: HTTPConnection, rendering: Rendering) -> Told:
    """What is kept of an answer; nothing of what the client has sent but its own request id."""
    fault, call = rendering.fault, connection.scope["state"].get("call")
    return Told(
        slug=fault.entry.slug,
        family=rendering.family,
        code=rendering.answer.code,
        status=rendering.answer.status,
        method=_method(connection.scope.get("method", "GET")),
        route=_route(connection),
        tenant=call.principal.tenant if call else "",
        user=call.principal.user if call else "",
        request_id=rendering.request_id,
        cause=None if fault.__cause__ is None else type(fault.__cause__).__name__[:64],
        at=utc_now(),
    )


def _route(connection: HTTPConnection) -> str:
    """The template of the route; what was turned away before there was one is told by its area."""
    found = getattr(connection.scope.get("route"), "path", None)
    if found is not None:
        return str(found)
    prefix = area_of(connection.url.path).prefix
    return f"{prefix}/…" if prefix else "unmatched"


def _router_fault(error: HTTPException) -> Fault:
    # What is raised while FastAPI reads a body comes wrapped, our own bound on its size among it.
    if isinstance(error.__cause__, Fault):
        return error.__cause__
    match error.status_code:
        case 404:
            return ROUTE_NOT_FOUND()
        case 405:
            return METHOD_NOT_ALLOWED()
        case _:
            return MALFORMED_BODY()


def _most(path: str) -> int:
    return MAX_ACCOUNT_BODY if _ACCOUNT_BODY.match(path) else MAX_BODY


def _bounded(receive: Receive, most: int) -> Receive:
    """Raises `body-too-large` when more than that is received."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise BODY_TOO_LARGE(limit=most)
        return message

    return bounded


def _method(method: str) -> str:
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"


def _wanted_id(sent: bytes | None) -> str:
    wanted = sent and _REQUEST_ID.fullmatch(sent.decode("latin-1"))
    return wanted[0] if wanted else new_id("req")


def _wanted_trace(sent: bytes | None) -> str:
    found = sent and _TRACEPARENT.fullmatch(sent.decode("latin-1"))
    return found[1] if found else new_id("trace").removeprefix("trace_")

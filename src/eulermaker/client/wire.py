"""One HTTP exchange: a call out, a successful response or a typed error back."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from eulermaker.client.errors import (
    ConnectionFailed,
    EulerMakerError,
    InvalidRequest,
    ServerError,
    Timeout,
)
from eulermaker.client.monitor import ErrorMonitor
from eulermaker.client.problem import error_from

_ACCEPT = "application/json, application/problem+json"
_IDEMPOTENT = {"GET", "HEAD", "PUT", "DELETE"}
_FAREWELL = 2.0  # seconds that a socket's peer has to agree to its end


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that can be sent more than once: `body` opens its bytes anew each time.

    `silence` is the longest wait for the next bytes of the answer, in seconds. `answers` are statuses
    outside 2xx that may come with the success body all the same.
    """

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    json: object = None
    body: Callable[[], Iterator[bytes]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    silence: float | None = None
    answers: frozenset[int] = frozenset()
    #: The root of another route family than `/api/v1`.
    base: str = ""

    @property
    def idempotent(self) -> bool:
        return self.method in _IDEMPOTENT


class Wire:
    """The connections to one server; safe to share between threads."""

    def __init__(
        self, base_url: str, *, timeout: float, language: str | None, monitor: ErrorMonitor | None = None
    ) -> None:
        self._timeout = timeout
        self._monitor = monitor
        self._headers = {"Accept": _ACCEPT, "User-Agent": "eulermaker-client"}
        if language:
            self._headers["Accept-Language"] = language
        self._url = api_url(base_url)
        self._http = httpx.Client(base_url=self._url, headers=self._headers, timeout=timeout)

    def close(self) -> None:
        self._http.close()

    @contextmanager
    def open(self, call: Call, *, token: str | None) -> Iterator[httpx.Response]:
        """The response to `call`, its body still to be read; raises EulerMakerError outside 2xx.

        Errors of the connection are typed while the body is read, too: a Timeout is `no-answer` before the
        body and `silent` within it.
        """
        with (
            self._watched(call.method, call.path),
            _typed(call, timeout="no-answer"),
            self._http.stream(**self._arguments(call, token)) as response,
        ):
            if not response.is_success:
                response.read()
                if response.status_code not in call.answers or not _is_success(response):
                    raise error_from(response, idempotent=call.idempotent)
            with _typed(call, timeout="silent"):
                yield response

    def socket(
        self,
        path: str,
        params: Mapping[str, str | int],
        *,
        token: str | None,
        subprotocol: Subprotocol | None = None,
    ) -> ClientConnection:
        """A socket at `path`, which begins beside the API; raises EulerMakerError when it is refused."""
        with self._watched("GET", path):
            return self._socket(path, params, token=token, subprotocol=subprotocol)

    def _socket(
        self,
        path: str,
        params: Mapping[str, str | int],
        *,
        token: str | None,
        subprotocol: Subprotocol | None,
    ) -> ClientConnection:
        root = httpx.URL(self._url.removesuffix("/api/v1") + path, params=dict(params))
        url = root.copy_with(scheme="wss" if root.scheme == "https" else "ws")
        headers = dict(self._headers)
        agent = headers.pop("User-Agent")
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            return connect(
                str(url),
                additional_headers=headers,
                user_agent_header=agent,
                subprotocols=[subprotocol] if subprotocol else None,
                compression=None,
                open_timeout=self._timeout,
                close_timeout=_FAREWELL,
                max_size=None,
            )
        except InvalidStatus as error:
            raise error_from(_answer(error.response), idempotent=True) from error
        except TimeoutError as error:
            raise Timeout("no-answer", "The server did not answer in time", retryable=True) from error
        except (InvalidHandshake, OSError, EOFError) as error:
            raise _unreachable(error, retryable=True) from error

    @contextmanager
    def _watched(self, method: str, path: str) -> Iterator[None]:
        """Tells the monitor of the error that a call ends with, once."""
        try:
            yield
        except EulerMakerError as error:
            if self._monitor is not None and not error.counted:
                error.counted = True
                self._monitor.note(method, path, error)
            raise

    def _arguments(self, call: Call, token: str | None) -> dict[str, Any]:
        headers = dict(call.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return {
            "method": call.method,
            "url": f"{self._url.removesuffix('/api/v1')}{call.base}{call.path}" if call.base else call.path,
            "params": dict(call.params),
            "json": call.json,
            "content": call.body() if call.body else None,
            "headers": headers,
            "timeout": httpx.Timeout(self._timeout, read=call.silence or self._timeout),
        }


def api_url(base_url: str) -> str:
    """The root of the API for a server's address, with or without `/api/v1`."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise InvalidRequest("invalid-url", f"Not a server's address: {base_url}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidRequest("invalid-url", f"Not a server's address: {base_url}")
    return base_url.rstrip("/").removesuffix("/api/v1") + "/api/v1"


def segments(path: str) -> str:
    """`path` quoted for a URL; InvalidRequest where a server could read it as another path."""
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise InvalidRequest("invalid-path", f"Not a relative path inside its folder: {path!r}")
    return quote(path, safe="/")


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the fields that somebody has given."""
    return {name: value for name, value in fields.items() if value is not None}


def segment(name: str) -> str:
    """`name` quoted as one segment of a URL's path."""
    return segments(name).replace("/", "%2F")


def data_of(response: httpx.Response) -> Any:
    """The `data` of the success envelope, None where it has none."""
    content = response.read()
    try:
        body = json.loads(content)
    except ValueError as error:
        raise ServerError(
            "unexpected-answer", "The answer is not JSON; is this an EulerMaker server?"
        ) from error
    if not isinstance(body, dict) or body.get("success") is not True:
        raise ServerError("unexpected-answer", "The answer is not the success body of the API")
    return body.get("data")


def _is_success(response: httpx.Response) -> bool:
    try:
        body = json.loads(response.content)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("success") is True


@contextmanager
def _typed(call: Call, *, timeout: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise Timeout(timeout, "The server did not answer in time", retryable=call.idempotent) from error
    except httpx.RequestError as error:
        raise _unreachable(error, retryable=call.idempotent) from error


def _unreachable(error: Exception, *, retryable: bool) -> ConnectionFailed:
    reason = str(error) or type(error).__name__
    return ConnectionFailed(
        "connection-failed", f"The server can't be reached: {reason}", retryable=retryable
    )


def _answer(response: Response) -> httpx.Response:
    """The refusal of a handshake as any other answer."""
    headers = list(response.headers.raw_items())
    return httpx.Response(response.status_code, headers=headers, content=bytes(response.body or b""))

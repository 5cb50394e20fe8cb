"""Error answers read into exceptions: RFC 9457 first, the error body of family 000 otherwise."""

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from eulermaker.client.errors import (
    Conflict,
    EulerMakerError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from eulermaker.client.slugs import EXCEPTIONS, RETRY_AFTER

_KINDS: dict[int, type[EulerMakerError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: Unsupported,
    408: Timeout,
    409: Conflict,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Timeout,
}
_GATEWAY = {502, 503, 504}


def error_from(response: httpx.Response, *, idempotent: bool) -> EulerMakerError:
    """The exception for an answer outside 2xx; the body must have been read."""
    body = _object(response)
    envelope = body.get("error")
    if isinstance(envelope, Mapping):
        return _from_envelope(response, envelope, idempotent=idempotent)
    if isinstance(body.get("code"), str):
        return _from_problem(response, body)
    return _bare(response, idempotent=idempotent)


def _from_problem(response: httpx.Response, body: Mapping[str, Any]) -> EulerMakerError:
    seconds = body.get("retry_after")
    return _kind(response.status_code, body["code"])(
        body["code"],
        _text(body.get("title")) or _phrase(response.status_code),
        detail=_text(body.get("detail")),
        status=response.status_code,
        details=_mapping(body.get("details")),
        request_id=_text(body.get("request_id")) or response.headers.get("X-Request-ID"),
        retryable=body.get("retryable") is True,
        retry_after=float(seconds) if isinstance(seconds, int | float) else _retry_after(response),
    )


def _from_envelope(
    response: httpx.Response, error: Mapping[str, Any], *, idempotent: bool
) -> EulerMakerError:
    bare = _bare(response, idempotent=idempotent)
    code = response.headers.get("X-Error-Code") or _text(error.get("code")) or bare.code
    return _kind(response.status_code, code)(
        code,
        _text(error.get("message")) or bare.title,
        status=bare.status,
        details=_mapping(error.get("details")),
        request_id=bare.request_id,
        # This form has no room for advice: it is taken from the catalogue.
        retryable=bare.retryable or code in RETRY_AFTER,
        retry_after=bare.retry_after if bare.retry_after is not None else RETRY_AFTER.get(code),
    )


def _bare(response: httpx.Response, *, idempotent: bool) -> EulerMakerError:
    status = response.status_code
    retry_after = _retry_after(response)
    return _kind(status)(
        f"http-{status}",
        _phrase(status),
        status=status,
        request_id=response.headers.get("X-Request-ID"),
        # A refusal that names its own end did no work. A gateway's answer leaves open what was done.
        retryable=(status in {429, 503} and retry_after is not None) or (status in _GATEWAY and idempotent),
        retry_after=retry_after,
    )


def _kind(status: int, code: str = "") -> type[EulerMakerError]:
    """The exception of the slug; of the status, where a server newer than this client has made one up."""
    if kind := EXCEPTIONS.get(code) or _KINDS.get(status):
        return kind
    return InvalidRequest if 400 <= status < 500 else ServerError


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, from either form of RFC 9110's header; a date counts from the server's own clock."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        return _mapping(response.json())
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

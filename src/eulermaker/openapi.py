"""The OpenAPI document: FastAPI's, with the errors as this server really answers them."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from eulermaker.dialects import problem

_PUBLIC = {
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/auth/policy",
    "/api/v1/auth/register",
    "/api/v1/auth/register/verify",
    "/api/v1/auth/password/reset",
    "/api/v1/auth/password/reset/confirm",
    "/api/ping",
    "/api/auth/login",
    "/api/auth/register",
    "/api/auth/register/send",
    "/api/auth/register/verify",
    "/api/auth/mfa/verify",
    "/api/auth/password/reset",
    "/api/auth/password/reset/confirm",
    "/api/auth/oauth/login/{provider}",
    "/api/auth/oauth/callback/{provider}",
    "/api/auth/token/exchange",
    "/api/auth/token/refresh",
    "/v1/auth/login",
    "/v1/auth/register",
    "/v1/auth/refresh",
    "/v1/auth/password/reset/request",
    "/v1/auth/password/reset/confirm",
    "/v1/auth/mfa/verify",
    "/api/v1/errors",
    "/api/v1/probes/push/{secret}",
    "/api/v1/errors/{slug}",
    "/api/v1/system/health",
    "/healthz",
    "/readyz",
    "/metrics",
}

_FAILURE = {
    "type": "object",
    "description": "A fault in 000's form.",
    "required": ["success", "error", "timestamp", "trace_id"],
    "properties": {
        "success": {"type": "boolean", "const": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "object"},
            },
        },
        "timestamp": {"type": "string", "format": "date-time"},
        "trace_id": {"type": "string"},
    },
}
_PROBLEM = {
    "type": "object",
    "description": "The same fault as RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "retryable", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "retryable": {"type": "boolean"},
        "retry_after": {"type": ["integer", "null"]},
        "request_id": {"type": "string"},
        "trace_id": {"type": "string"},
        "details": {"type": "object"},
    },
}
#: What is never counted, so that it never answers 429.
_UNLIMITED = {"/api/v1/system/health", "/healthz", "/readyz", "/metrics"}
_LOGIN = "/api/v1/auth/login"
_REGISTER = "/api/v1/auth/register"
_SIGNING_IN = {_LOGIN, _REGISTER, "/api/v1/auth/refresh"}
_REFUSED_FIELDS = {
    "type": "object",
    "description": "002's answer to a body that its schema refuses: Pydantic's list.",
    "required": ["detail"],
    "properties": {
        "detail": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        }
    },
}
_REFUSED_LOGIN = {
    "description": "Refused fields of a body that names an `email`",
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/RefusedFields"}},
        problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
    },
}
_FAULT_CONTENT = {
    "application/json": {"schema": {"$ref": "#/components/schemas/Failure"}},
    problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
}


def describe(title: str, version: str, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of these routes."""
    document = get_openapi(title=title, version=version, routes=routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    # FastAPI announces its own answer to refused fields; only 002 gives it, at the login.
    for own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(own, None)
    schemas |= {"Failure": _FAILURE, "Problem": _PROBLEM, "RefusedFields": _REFUSED_FIELDS}
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            if path in (_LOGIN, _REGISTER):
                operation["responses"]["422"] = _REFUSED_LOGIN
            for status in _failures(path, method, operation):
                operation["responses"].setdefault(str(status), _fault(status))
            if path not in _PUBLIC:
                operation["security"] = [{"bearer": []}]
    return document


def _failures(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[HTTPStatus]:
    """The statuses with which an operation may fail."""
    yield HTTPStatus.BAD_REQUEST
    if path not in _PUBLIC or path in _SIGNING_IN:
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.FORBIDDEN
    if "{" in path or "requestBody" in operation:
        yield HTTPStatus.NOT_FOUND
    if "{" in path or method != "get":
        yield HTTPStatus.CONFLICT
    if path not in _UNLIMITED:
        yield HTTPStatus.TOO_MANY_REQUESTS
    yield HTTPStatus.INTERNAL_SERVER_ERROR
    yield HTTPStatus.SERVICE_UNAVAILABLE


def _fault(status: HTTPStatus) -> dict[str, Any]:
    told = "a fault of the catalogue; `Accept` and `X-Error-Dialect` choose its form"
    return {"description": f"{status.phrase}: {told}", "content": _FAULT_CONTENT}

"""The OpenAPI document: FastAPI's, with the errors as this server really answers them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from eulermaker.dialects import problem

_PUBLIC = {
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/errors",
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
_FAULT_ANSWER = {
    "description": "A fault of the catalogue; `Accept` and `X-Error-Dialect` choose its form",
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Failure"}},
        problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of an application's routes."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    # FastAPI announces its own answer to refused fields, which is never given here.
    for own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(own, None)
    schemas |= {"Failure": _FAILURE, "Problem": _PROBLEM}
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _FAULT_ANSWER
            if path not in _PUBLIC:
                operation["security"] = [{"bearer": []}]
    return document

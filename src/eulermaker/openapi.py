"""The OpenAPI document: FastAPI's, with the errors as this server really answers them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, assert_never

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from eulermaker.dialects import problem
from eulermaker.dialects.render import family_of
from eulermaker.features.errors.codes import Code, Codes
from eulermaker.features.errors.examples import example_body
from eulermaker.kernel.faults import Catalogue, Family, Kind

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
    "/api/v1/errors/{family}/{code}",
    "/api/v1/system/health",
    "/healthz",
    "/readyz",
    "/metrics",
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
_POLICY = "/api/v1/auth/policy"
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


def _form(required: Mapping[str, Mapping[str, Any]], *, about: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": about,
        "required": list(required),
        "properties": dict(required),
    }


_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_FAILED = {"type": "boolean", "const": False}
_ERROR = _form({"code": _TEXT, "message": _TEXT, "details": {"type": "object"}}, about="What went wrong.")
#: The error bodies of the five families; `Accept` and `X-Error-Dialect` choose among them.
_FORMS: Mapping[Family, dict[str, Any]] = {
    "000": _form(
        {"success": _FAILED, "error": _ERROR, "timestamp": _TIME, "trace_id": _TEXT},
        about="A fault in 000's form.",
    ),
    "001": _form(
        {
            "success": _FAILED,
            "code": {"type": "integer"},
            "name": _TEXT,
            "message": _TEXT,
            "details": {"type": "object"},
            "trace_id": _TEXT,
        },
        about="A fault in 001's form.",
    ),
    "002": _form(
        {"detail": {"anyOf": [_TEXT, {"type": "array", "items": {"type": "object"}}]}},
        about="A fault in 002's form: its text, or Pydantic's list of refused fields.",
    ),
    "003": _form({"error": _TEXT, "message": _TEXT}, about="A fault in 003's form, and its extra fields."),
    "004": _form(
        {"success": _FAILED, "error": _ERROR, "timestamp": _TIME, "requestId": _TEXT},
        about="A fault in 004's form.",
    ),
}
_REFUSED_LOGIN = {
    "description": "Refused fields of a body that names an `email`",
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/RefusedFields"}},
        problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
    },
}


def describe(title: str, version: str, routes: Sequence[BaseRoute], catalogue: Catalogue) -> dict[str, Any]:
    """The document of these routes; its errors are those of the catalogue."""
    document = get_openapi(title=title, version=version, routes=routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    # FastAPI announces its own answer to refused fields; only 002 gives it, at the login.
    for own in ("HTTPValidationError", "ValidationError"):
        schemas.pop(own, None)
    schemas |= {"Problem": _PROBLEM, "RefusedFields": _REFUSED_FIELDS}
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    failures = Failures(Codes.of(catalogue))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            if path in (_LOGIN, _REGISTER):
                operation["responses"]["422"] = _REFUSED_LOGIN
            kinds = set(_kinds(path, method, operation))
            for status, answer in failures.of(family_of(path), kinds):
                operation["responses"].setdefault(str(status), answer)
            if path not in _PUBLIC:
                operation["security"] = [{"bearer": []}]
    schemas |= failures.schemas
    document["components"]["responses"] = failures.responses
    return document


class Failures:
    """The error answers of the catalogue, one for each family and status that an operation has."""

    def __init__(self, codes: Codes) -> None:
        self._codes = [code for code in codes if not code.planned]
        self.schemas: dict[str, Any] = {}
        self.responses: dict[str, Any] = {}

    def of(self, family: Family, kinds: Collection[Kind]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The statuses with which a family tells these kinds, each with a reference to its answer."""
        own = [code for code in self._codes if code.family == family]
        for status in sorted({code.answer.status for code in own if _is_one_of(code, kinds)}):
            name = f"Error{family}-{status}"
            self.schemas[_schema(family)] = _FORMS[family]
            self.responses[name] = _answer(family, [code for code in own if code.answer.status == status])
            yield status, {"$ref": f"#/components/responses/{name}"}


def _is_one_of(code: Code, kinds: Collection[Kind]) -> bool:
    return any(entry.kind in kinds for entry in code.entries if not entry.planned)


def _answer(family: Family, codes: Sequence[Code]) -> dict[str, Any]:
    told = "; ".join(f"`{code.answer.code}`: {code.meaning.en}" for code in codes)
    slugs = sorted({entry.slug for code in codes for entry in code.entries if not entry.planned})
    form = {"$ref": f"#/components/schemas/{_schema(family)}"}
    return {
        "description": f"{HTTPStatus(codes[0].answer.status).phrase}. {told}",
        "content": {
            "application/json": {
                "schema": {"allOf": [form, _naming(family, [code.answer.code for code in codes])]},
                "examples": {code.answer.code: {"value": example_body(code)} for code in codes},
            },
            problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
        "headers": {
            "X-Error-Code": {"description": "The fault", "schema": {"type": "string", "enum": slugs}}
        },
    }


def _naming(family: Family, codes: Sequence[str]) -> dict[str, Any]:
    """That the body names one of these codes, wherever its family does."""
    match family:
        case "000" | "004":
            return _with("error", _with("code", {"enum": list(codes)}))
        case "001":
            return _with("code", {"enum": [int(code) for code in codes]})
        case "002":
            return _with("detail", {"anyOf": [{"enum": list(codes)}, {"type": "array"}]})
        case "003":
            return _with("error", {"enum": list(codes)})
        case _:
            assert_never(family)


def _with(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}}


def _schema(family: Family) -> str:
    return f"Failure{family}"


def _kinds(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[Kind]:
    """The kinds of faults that an operation may end with."""
    yield from (Kind.INVALID, Kind.INTERNAL, Kind.UNAVAILABLE)
    # Who signs in without a token shows something else, which may be refused as well.
    if path not in _PUBLIC or ("/auth/" in path and path != _POLICY):
        yield from (Kind.UNAUTHENTICATED, Kind.FORBIDDEN)
    if "{" in path or "requestBody" in operation:
        yield Kind.NOT_FOUND
    if "{" in path or method != "get":
        yield Kind.CONFLICT
    if path not in _UNLIMITED:
        yield Kind.LIMITED

"""004: users, API keys, AI, workflows."""

from eulermaker.dialects.dialect import Body, Rendering, camel
from eulermaker.dialects.documents.family_004 import ROWS
from eulermaker.kernel.faults import Answer, Kind, documented

DEFAULTS = {
    Kind.INVALID: documented(400, "E002"),
    Kind.UNAUTHENTICATED: documented(401, "E003"),
    Kind.FORBIDDEN: documented(403, "E004"),
    Kind.NOT_FOUND: documented(404, "E001"),
    Kind.CONFLICT: documented(409, "E005"),
    Kind.LIMITED: documented(429, "E007"),
    Kind.UNSUPPORTED: Answer(405, "E002"),
    Kind.UNAVAILABLE: documented(503, "E901"),
    Kind.TIMEOUT: Answer(504, "E901"),
    Kind.INTERNAL: documented(500, "E000"),
}

#: The fields that the document shows with each code; what a fault does not know of them is null.
_FIELDS = {(row.code, row.status): tuple(detail.name for detail in row.details) for row in ROWS}
#: What 004 calls details that other families name otherwise.
_NAMES = {
    "reset_time": "reset",
    "resource_type": "resource",
    "role": "userRole",
    "permissions": "userPermissions",
}
#: What is never told, though the document shows it.
_REDACTED = {
    "E500": {"database", "host", "port"},
    "E501": {"query", "error"},
    "E902": {"configValue"},
}


def body(rendering: Rendering) -> Body:
    """`{success, error: {code, message, details, stack?}, timestamp, requestId}`.

    The details of a documented code are the documented fields, and no others.
    """
    error: Body = {
        "code": rendering.answer.code,
        "message": rendering.message,
        "details": _details(rendering),
    }
    if rendering.stack is not None:
        error["stack"] = rendering.stack
    return {
        "success": False,
        "error": error,
        "timestamp": rendering.timestamp,
        "requestId": rendering.request_id,
    }


def _details(rendering: Rendering) -> Body:
    if rendering.field_errors:
        return {
            "errors": [
                {"field": e.field, "message": e.sentence(rendering.language)} for e in rendering.field_errors
            ]
        }
    known = {_NAMES.get(name) or camel(name): value for name, value in rendering.details.items()}
    fields = _FIELDS.get((rendering.answer.code, rendering.answer.status))
    if not fields:
        return known
    told = _supplied(rendering) | known | dict.fromkeys(_REDACTED.get(rendering.answer.code, ()), "redacted")
    return {name: told.get(name) for name in fields}


def _supplied(rendering: Rendering) -> Body:
    """What can be told of any fault, by the names that the document uses."""
    named = rendering.fault.entry.slug.replace("-", "_")
    return {
        "errorId": rendering.request_id,
        "timestamp": rendering.timestamp,
        "resourceId": _resource_id(rendering.details),
        "issue": named,
        "reason": named,
        "conflict": named,
        "error": named,
        "message": rendering.message,
        "errors": [],
        "retryAfter": rendering.fault.retry_after,
    }


def _resource_id(details: Body) -> object:
    kind = details.get("resource_type")
    return details.get(f"{kind}_id", details.get(str(kind)))

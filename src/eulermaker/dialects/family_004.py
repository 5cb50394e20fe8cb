"""004: users, API keys, AI, workflows."""

from eulermaker.dialects.dialect import Body, Rendering
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

#: The schema refused a well-formed body; a malformed one keeps the default E002.
REFUSED_BY_SCHEMA = documented(422, "E006")
#: What 004 calls details that other families name otherwise.
_NAMES = {"reset_time": "reset"}


def body(rendering: Rendering) -> Body:
    """`{success, error: {code, message, details, stack?}, timestamp, requestId}`."""
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
    if not rendering.field_errors:
        return {_NAMES.get(name, name): value for name, value in rendering.details.items()}
    return {
        "errors": [
            {"field": e.field, "message": e.sentence(rendering.language)} for e in rendering.field_errors
        ]
    }

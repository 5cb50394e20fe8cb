"""001: the Kubernetes console."""

from eulermaker.dialects.dialect import Body, Rendering
from eulermaker.kernel.faults import Answer, Kind, documented

_INVALID = documented(400, "1001", "ParamInvalidError")
_MISSING = documented(404, "1002", "RecordNotExistError")
_CLUSTER = documented(503, "9001", "GetClusterError")

DEFAULTS = {
    Kind.INVALID: _INVALID,
    Kind.UNAUTHENTICATED: Answer(401, "1003", "UnauthorizedError"),
    Kind.FORBIDDEN: Answer(403, "1004", "ForbiddenError"),
    Kind.NOT_FOUND: _MISSING,
    Kind.CONFLICT: Answer(409, "1005", "ConflictError"),
    Kind.LIMITED: Answer(429, "1006", "TooManyRequestsError"),
    Kind.UNSUPPORTED: Answer(405, "1001", "ParamInvalidError"),
    Kind.UNAVAILABLE: _CLUSTER,
    Kind.TIMEOUT: Answer(504, "9001", "GetClusterError"),
    Kind.INTERNAL: Answer(500, "1000", "BaseError"),
}


def body(rendering: Rendering) -> Body:
    """`{success, code: <int>, name, message, details, trace_id}`."""
    return {
        "success": False,
        "code": int(rendering.answer.code),
        "name": rendering.answer.name,
        "message": rendering.message,
        "details": rendering.details,
        "trace_id": rendering.trace_id,
    }

"""000: containers, builds, terminals, probes, system."""

from eulermaker.dialects.dialect import Body, Rendering
from eulermaker.kernel.faults import Answer, Kind, documented

DEFAULTS = {
    Kind.INVALID: documented(400, "INVALID_REQUEST"),
    Kind.UNAUTHENTICATED: documented(401, "UNAUTHORIZED"),
    Kind.FORBIDDEN: documented(403, "FORBIDDEN"),
    Kind.NOT_FOUND: documented(404, "RESOURCE_NOT_FOUND"),
    Kind.CONFLICT: documented(409, "RESOURCE_CONFLICT"),
    Kind.LIMITED: documented(429, "RATE_LIMIT_EXCEEDED"),
    Kind.UNSUPPORTED: Answer(405, "INVALID_REQUEST"),
    Kind.UNAVAILABLE: Answer(503, "INTERNAL_ERROR"),
    Kind.TIMEOUT: Answer(500, "INTERNAL_ERROR"),
    Kind.INTERNAL: documented(500, "INTERNAL_ERROR"),
}


def body(rendering: Rendering) -> Body:
    """`{success, error: {code, message, details}, timestamp, trace_id}`."""
    return {
        "success": False,
        "error": {
            "code": rendering.answer.code,
            "message": rendering.message,
            "details": rendering.details,
        },
        "timestamp": rendering.timestamp,
        "trace_id": rendering.trace_id,
    }

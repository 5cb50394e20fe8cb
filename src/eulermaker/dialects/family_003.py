"""003: accounts."""

from eulermaker.dialects.dialect import Body, Rendering
from eulermaker.kernel.faults import Answer, Kind, documented

DEFAULTS = {
    Kind.INVALID: documented(400, "invalid_request"),
    Kind.UNAUTHENTICATED: documented(401, "invalid_session"),
    Kind.FORBIDDEN: documented(403, "forbidden"),
    Kind.NOT_FOUND: Answer(404, "not_found"),
    Kind.CONFLICT: Answer(409, "conflict"),
    Kind.LIMITED: Answer(429, "rate_limited"),
    Kind.UNSUPPORTED: Answer(405, "invalid_request"),
    Kind.UNAVAILABLE: documented(503, "store_unavailable"),
    Kind.TIMEOUT: Answer(504, "timeout"),
    Kind.INTERNAL: Answer(500, "internal_error"),
}


def body(rendering: Rendering) -> Body:
    """`{error, message}` plus the fault's documented extra fields at the top."""
    return {**rendering.details, "error": rendering.answer.code, "message": rendering.message}

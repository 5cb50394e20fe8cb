"""003: accounts."""

from eulermaker.dialects.dialect import Body, Rendering, camel
from eulermaker.dialects.documents.family_003 import ROWS
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


#: The fields beside `error` and `message`, where the document has some, or we do.
_EXTRAS = {
    **{(row.code, row.status): tuple(d.name for d in row.details) for row in ROWS if row.details},
    ("account_locked", 429): ("retryAt",),
    ("rate_limited", 429): ("limit", "remaining", "resetTime"),
}


def body(rendering: Rendering) -> Body:
    """`{error, message}` plus the documented extra fields of the code, and no others."""
    known = {camel(name): value for name, value in rendering.details.items()}
    extras = _EXTRAS.get((rendering.answer.code, rendering.answer.status), ())
    told: Body = {"error": rendering.answer.code, "message": rendering.message}
    return told | {name: known.get(name) for name in extras}

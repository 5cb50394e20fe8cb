"""RFC 9457 problem details, on offer for every fault of every family."""

from eulermaker.dialects.dialect import Body, Rendering

MEDIA_TYPE = "application/problem+json"


def body(rendering: Rendering) -> Body:
    """The problem object; `type` is the catalogue page of the fault."""
    entry = rendering.fault.entry
    return {
        "type": f"/api/v1/errors/{entry.slug}",
        "title": entry.slug.replace("-", " ").capitalize(),
        "status": rendering.answer.status,
        "detail": rendering.message,
        "instance": rendering.path,
        "code": entry.slug,
        "retryable": entry.retryable,
        "retry_after": rendering.fault.retry_after,
        "request_id": rendering.request_id,
        "trace_id": rendering.trace_id,
        "details": rendering.details,
    }

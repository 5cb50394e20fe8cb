"""RFC 9457 problem details, on offer for every fault of every family."""

from urllib.parse import quote

from eulermaker.dialects.dialect import Body, Rendering
from eulermaker.kernel.faults import Answer, Family

MEDIA_TYPE = "application/problem+json"


def page_of(family: Family, answer: Answer) -> str:
    """The catalogue's page of a family's code."""
    return f"/api/v1/errors/{family}/{quote(answer.code, safe='')}"


def body(rendering: Rendering) -> Body:
    """The problem object; `type` is the place of the fault on the page of its family's code."""
    entry = rendering.fault.entry
    return {
        "type": f"{page_of(rendering.family, rendering.answer)}#{entry.slug}",
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

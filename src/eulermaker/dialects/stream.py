"""Faults after a stream or a socket has begun, when no status line can tell them any more."""

import json

from eulermaker.dialects import family_000
from eulermaker.dialects.dialect import Rendering


def frame(rendering: Rendering) -> str:
    """One JSON frame `{"type": "error", "error": {code, slug, message, details}, "trace_id"}`.

    The slug is what an answer carries as `X-Error-Code`.
    """
    told = family_000.body(rendering)
    error = {**told["error"], "slug": rendering.fault.entry.slug}
    return json.dumps({"type": "error", "error": error, "trace_id": told["trace_id"]}, ensure_ascii=False)

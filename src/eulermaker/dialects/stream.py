"""Faults after a stream or a socket has begun, when no status line can tell them any more."""

import json

from eulermaker.dialects import family_000
from eulermaker.dialects.dialect import Rendering


def frame(rendering: Rendering) -> str:
    """One JSON frame `{"type": "error", "error": {code, message, details}, "trace_id"}`."""
    told = family_000.body(rendering)
    return json.dumps(
        {"type": "error", "error": told["error"], "trace_id": told["trace_id"]}, ensure_ascii=False
    )

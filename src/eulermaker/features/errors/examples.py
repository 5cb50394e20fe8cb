"""What an answer with a code looks like: each fault with example facts, in its family's own form."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eulermaker.dialects.dialect import Body, Rendering
from eulermaker.dialects.documents.row import MOMENT_EXAMPLE
from eulermaker.dialects.render import answer_of, body_in
from eulermaker.features.errors.codes import Code
from eulermaker.kernel.faults import (
    INVALID_REQUEST,
    Entry,
    Family,
    Fault,
    FieldError,
    InvalidFields,
    Language,
)

_EMPTY_NAME = FieldError("name", "不能为空", "must not be empty", ("body", "name"), "missing")
#: What the facts in sentences may be, by their names.
_FACTS: Mapping[str, object] = {
    "action": "start",
    "alert": "alert_0123456789ab",
    "artifact": "hello-2.10-1.x86_64.rpm",
    "attempts": 3,
    "build": "build_0123456789ab",
    "channel": "channel_0123456789ab",
    "command": "/bin/bash",
    "container": "container_0123456789ab",
    "containers": "web, worker",
    "delivery": "message_0123456789ab",
    "field": "privileged",
    "image": "registry.example/app:1.0",
    "instruction": "RUN make",
    "limit": 100,
    "load": 95,
    "maximum": "1.43",
    "message": "exit code 1",
    "minimum": "1.24",
    "name": "web",
    "network": "backend",
    "number": 3,
    "page": "services",
    "path": "/data/file",
    "permission": "builds:write",
    "port": 8080,
    "probe": "probe_0123456789ab",
    "pull": "pull_0123456789ab",
    "reason": "exited",
    "reason_en": "it gives the container the whole host",
    "reason_zh": "它会让容器控制整个宿主机",
    "seconds": 60,
    "size": 1024,
    "slug": "services",
    "source": "hello.tar.gz",
    "state": "running",
    "terminal": "terminal_session_0123456789ab",
    "total": 7,
    "volume": "data",
    "window": "window_0123456789ab",
}


class _Facts(dict[str, object]):
    """The examples; a fact that has none is told by its name."""

    def __missing__(self, name: str) -> object:
        return _FACTS.get(name, f"<{name}>")


def example_fault(entry: Entry, details: Mapping[str, Any] | None = None) -> Fault:
    """A fault of the entry as a feature might raise it."""
    if entry is INVALID_REQUEST:
        return InvalidFields([_EMPTY_NAME])
    return Fault(entry, _Facts(), details or {}, entry.retry_after)


def example_rendering(fault: Fault, family: Family, language: Language) -> Rendering:
    """The fault on its way out of a route of that family."""
    return Rendering(
        fault=fault,
        answer=answer_of(fault, family),
        language=language,
        timestamp=MOMENT_EXAMPLE,
        request_id="req_0123456789ab",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        path="/example",
        family=family,
    )


def example_body(code: Code) -> Body:
    """The body of an answer with that code, in the language of the family's document."""
    details = code.row.example if code.row else {}
    language: Language = "en" if code.family == "003" else "zh"
    rendering = example_rendering(example_fault(_shown(code), details), code.family, language)
    return body_in(code.family, rendering)


def _shown(code: Code) -> Entry:
    """The fault that stands for the code: refused fields, else the first that names the code, else any."""
    if INVALID_REQUEST in code.entries:
        return INVALID_REQUEST
    any_of_it = replace(code.entries[0], zh=code.meaning.zh, en=code.meaning.en)
    return next((entry for entry in code.entries if code.family in entry.answers), any_of_it)

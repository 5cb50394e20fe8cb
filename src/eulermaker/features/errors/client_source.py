"""The part of the SDK that is generated: the catalogue's slugs, their exceptions, and what may be retried."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from eulermaker.kernel.faults import Entry, Kind

_EXCEPTIONS: Mapping[Kind, str] = {
    Kind.INVALID: "InvalidRequest",
    Kind.UNAUTHENTICATED: "Unauthenticated",
    Kind.FORBIDDEN: "Forbidden",
    Kind.NOT_FOUND: "NotFound",
    Kind.CONFLICT: "Conflict",
    Kind.LIMITED: "RateLimited",
    Kind.UNSUPPORTED: "Unsupported",
    Kind.UNAVAILABLE: "Unavailable",
    Kind.TIMEOUT: "Timeout",
    Kind.INTERNAL: "ServerError",
}
_HEAD = '''\
"""Generated from the server's fault catalogue: every slug, its exception, and what may be sent again.

A slug is what `EulerMakerError.code` holds: `except NotFound as error: if error.code == BUILD_NOT_FOUND: …`.
"""
# ruff: noqa: S105  # names of faults, no passwords

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from eulermaker.client.errors import (
'''


def client_source(entries: Iterable[Entry]) -> str:
    """The module in Python, by slug; what is planned has no slug to rely on yet."""
    known = sorted((entry for entry in entries if not entry.planned), key=lambda entry: entry.slug)
    return "\n".join(
        (
            f"{_HEAD}{textwrap.indent(_imported(), '    ')})",
            "",
            *(f'{_constant(entry)}: Final = "{entry.slug}"' for entry in known),
            "",
            "EXCEPTIONS: Mapping[str, type[EulerMakerError]] = MappingProxyType(",
            "    {",
            *(f"        {_constant(entry)}: {_EXCEPTIONS[entry.kind]}," for entry in known),
            "    }",
            ")",
            '"""The exception of each slug."""',
            "",
            "RETRY_AFTER: Mapping[str, int | None] = MappingProxyType(",
            "    {",
            *_retried(known),
            "    }",
            ")",
            '"""What may be sent again, and after how many seconds; None where only the answer tells."""',
            "",
        )
    )


def _imported() -> str:
    names = sorted({"EulerMakerError", *_EXCEPTIONS.values()})
    return "".join(f"{name},\n" for name in names)


def _retried(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.retryable:
            yield f"        {_constant(entry)}: {entry.retry_after},"


def _constant(entry: Entry) -> str:
    return entry.slug.replace("-", "_").upper()

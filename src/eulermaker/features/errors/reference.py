"""The reference of all faults, as a page for people."""

from collections.abc import Iterator

from eulermaker.dialects.render import answer_of_entry
from eulermaker.kernel.faults import FAMILIES, Catalogue, Entry

_HEAD = """\
# Errors

Generated from the fault catalogue. Each fault has one slug (header `X-Error-Code`, and `code` in
`application/problem+json`) and one code and status per route family; `*` marks those that the
family's own document does not list for it.
"""


def reference(catalogue: Catalogue) -> str:
    """The page in Markdown: one section per entry, by slug."""
    return "\n".join([_HEAD, *(line for entry in _by_slug(catalogue) for line in _section(entry))])


def _by_slug(catalogue: Catalogue) -> list[Entry]:
    return sorted(catalogue, key=lambda entry: entry.slug)


def _section(entry: Entry) -> Iterator[str]:
    yield f"## {entry.slug}\n"
    yield f"- 中文：{entry.zh}"
    yield f"- English: {entry.en}"
    advice = "yes" if entry.retryable else "no"
    yield f"- kind: {entry.kind.value}; worth retrying: {advice}\n"
    yield "| family | status | code |"
    yield "|---|---|---|"
    for family in FAMILIES:
        answer = answer_of_entry(entry, family)
        name = f" {answer.name}" if answer.name else ""
        mark = "" if answer.origin == "document" else " *"
        yield f"| {family} | {answer.status} | `{answer.code}`{name}{mark} |"
    yield ""

"""The reference of all codes and faults, as a page for people."""

from collections.abc import Iterator

from eulermaker.dialects.render import answer_of_entry
from eulermaker.features.errors.codes import Code, Codes
from eulermaker.kernel.faults import FAMILIES, Catalogue, Entry, Family

_HEAD = """\
# Errors

Generated from the fault catalogue. A server tells the same at `GET /api/v1/errors`, and a page for
each code at `/api/v1/errors/{family}/{code}`. The codes come first, by family; then the faults, each
with one slug (header `X-Error-Code`, and `code` in `application/problem+json`) and one code and status
per route family. `*` marks those that the family's own document does not list, `planned` those whose
feature is still to come.
"""


def reference(catalogue: Catalogue) -> str:
    """The page in Markdown: the codes by family, then one section per entry, by slug."""
    codes = Codes.of(catalogue)
    return "\n".join(
        [
            _HEAD,
            *(line for family in FAMILIES for line in _family(family, codes)),
            *(line for entry in _by_slug(catalogue) for line in _section(entry)),
        ]
    )


def _family(family: Family, codes: Codes) -> Iterator[str]:
    yield f"## Family {family}\n"
    yield "| code | status | 消息 | meaning | cause | what to do | details | retry |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_row(code) for code in codes if code.family == family)
    yield ""


def _row(code: Code) -> str:
    name = f" {code.answer.name}" if code.answer.name else ""
    mark = "" if code.row else " *"
    planned = " (planned)" if code.planned else ""
    details = ", ".join(detail.name for detail in code.row.details) if code.row else ""
    cells = (
        f"`{code.title}`{name}{mark}{planned}",
        str(code.answer.status),
        code.message,
        f"{code.meaning.zh}<br>{code.meaning.en}",
        f"{code.cause.zh}<br>{code.cause.en}",
        f"{code.remedy.zh}<br>{code.remedy.en}",
        details,
        "yes" if code.retryable else "no",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _by_slug(catalogue: Catalogue) -> list[Entry]:
    return sorted(catalogue, key=lambda entry: entry.slug)


def _section(entry: Entry) -> Iterator[str]:
    yield f"## {entry.slug}\n"
    yield f"- 中文：{entry.zh}"
    yield f"- English: {entry.en}"
    advice = "yes" if entry.retryable else "no"
    planned = "; planned" if entry.planned else ""
    yield f"- kind: {entry.kind.value}; worth retrying: {advice}{planned}\n"
    yield "| family | status | code |"
    yield "|---|---|---|"
    for family in FAMILIES:
        answer = answer_of_entry(entry, family)
        name = f" {answer.name}" if answer.name else ""
        mark = "" if answer.origin == "document" else " *"
        yield f"| {family} | {answer.status} | `{answer.code}`{name}{mark} |"
    yield ""

"""Stand-ins for the documented codes that no feature answers with yet.

A feature that comes takes a code over by declaring an entry beside its own code, with the
code of each family: `answers={"003": documented(400, "mfa_not_enabled")}`. The stand-in is gone
from then on; `tests/features/errors/test_rows.py` lists those that are left.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from eulermaker.dialects.documents import DOCUMENTS, Row
from eulermaker.dialects.render import answer_of_entry
from eulermaker.kernel.faults import FAMILIES, Answer, Entry, Family, Kind, documented

Wanted = tuple[Family, Row]

#: What the rows are called whose code makes no slug; rows of one name are one fault.
_SLUGS: Mapping[tuple[Family, str], str] = {
    ("001", "2001"): "pods-unreadable",
    ("001", "2002"): "pod-events-unreadable",
    ("001", "3001"): "deployment-unreadable",
    ("001", "4001"): "service-unreadable",
    ("001", "5001"): "cluster-terminal-unavailable",
    ("001", "5002"): "cluster-socket-failed",
    ("001", "5003"): "cluster-exec-failed",
    ("001", "9002"): "endpoints-unreadable",
    ("001", "9003"): "nodes-unreadable",
    ("002", "账户已被锁定"): "account-locked",
    ("002", "该邮箱已注册"): "email-taken",
    ("002", "租户不存在"): "tenant-not-found",
    ("002", "租户名称已存在"): "tenant-name-taken",
    ("002", "租户订阅已过期"): "subscription-expired",
    ("002", "组织不存在"): "organization-not-found",
    ("002", "数据源未连接"): "energy-source-disconnected",
    ("002", "时间范围无效"): "time-range-invalid",
    ("003", "email_already_exists"): "email-taken",
    ("003", "name_already_exists"): "username-taken",
    ("003", "account_suspended"): "account-disabled",
    ("003", "invalid_token"): "reset-token-invalid",
    ("003", "missing_token"): "agent-token-missing",
    ("003", "invalid_token (agent)"): "agent-token-invalid",
    ("004", "E102"): "api-key-invalid",
    ("004", "E103"): "api-key-expired",
    ("004", "E105"): "account-locked",
    ("004", "E200"): "user-not-found",
    ("004", "E201"): "email-taken",
    ("004", "E202"): "username-taken",
    ("004", "E204"): "account-disabled",
    ("004", "E300"): "ai-unavailable",
    ("004", "E301"): "ai-request-invalid",
    ("004", "E302"): "ai-rate-limited",
    ("004", "E303"): "ai-model-unavailable",
    ("004", "E304"): "ai-timed-out",
    ("004", "E400"): "workflow-not-found",
    ("004", "E401"): "workflow-failed",
    ("004", "E402"): "workflow-invalid",
    ("004", "E501"): "database-query-failed",
    ("004", "E502"): "data-refused",
    ("004", "E902"): "configuration-wrong",
}
_KINDS: Mapping[int, Kind] = {
    400: Kind.INVALID,
    401: Kind.UNAUTHENTICATED,
    402: Kind.UNAVAILABLE,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    409: Kind.CONFLICT,
    422: Kind.INVALID,
    429: Kind.LIMITED,
    500: Kind.INTERNAL,
    502: Kind.UNAVAILABLE,
    503: Kind.UNAVAILABLE,
    504: Kind.TIMEOUT,
}


def planned(entries: Collection[Entry]) -> Iterator[Entry]:
    """An entry for each fault that the documents list and none of these entries answers with."""
    taken = {entry.slug for entry in entries}
    by_slug: dict[str, list[Wanted]] = {}
    for family, row in _unanswered(entries):
        slug = _slug(family, row)
        # A feature has the fault, but does not answer with this family's code yet.
        by_slug.setdefault(f"{slug}-planned" if slug in taken else slug, []).append((family, row))
    return (_entry(slug, rows) for slug, rows in by_slug.items())


def _unanswered(entries: Iterable[Entry]) -> Iterator[Wanted]:
    answered = {(f, a.code, a.status) for e in entries for f in FAMILIES for a in (answer_of_entry(e, f),)}
    for family, rows in DOCUMENTS.items():
        yield from ((family, row) for row in rows if (family, row.code, row.status) not in answered)


def _slug(family: Family, row: Row) -> str:
    return _SLUGS.get((family, row.title)) or row.code.replace("_", "-").replace(" ", "-")


def _entry(slug: str, rows: Iterable[Wanted]) -> Entry:
    answers: dict[Family, Answer] = {f: documented(row.status, row.code, row.name) for f, row in rows}
    _, first = next(iter(rows))
    return Entry(
        slug,
        _KINDS[first.status],
        zh=f"{first.meaning.zh}：{first.remedy.zh}",
        en=f"{first.meaning.en}. {first.remedy.en}",
        answers=answers,
        retryable=first.retry_after is not None,
        retry_after=first.retry_after,
        planned=True,
    )

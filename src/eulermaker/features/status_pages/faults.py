"""What status pages can answer."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}

STATUS_PAGE_NOT_FOUND = Entry(
    "status-page-not-found",
    Kind.NOT_FOUND,
    zh="状态页 {page} 不存在或未公开，请检查地址",
    en="There is no status page {page}, or it is not public; check the address",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
STATUS_PAGE_SLUG_TAKEN = Entry(
    "status-page-slug-taken",
    Kind.CONFLICT,
    zh="地址 {slug} 已被其他状态页使用，请换一个",
    en="Another status page has the address {slug}; choose another one",
    answers=_CONFLICT_IN_000,
)
TOO_MANY_STATUS_PAGES = Entry(
    "too-many-status-pages",
    Kind.CONFLICT,
    zh="状态页已达上限 {limit} 个，请先删除不用的状态页",
    en="There are {limit} status pages, which is the limit; remove one that you don't need",
    answers=_CONFLICT_IN_000,
)

ENTRIES = (STATUS_PAGE_NOT_FOUND, STATUS_PAGE_SLUG_TAKEN, TOO_MANY_STATUS_PAGES)

"""What looking up a fault can answer."""

from eulermaker.kernel.faults import Entry, Kind

ERROR_NOT_FOUND = Entry(
    "error-not-found",
    Kind.NOT_FOUND,
    zh="错误目录中没有 {slug}，可先列出全部错误",
    en="The catalogue has no error {slug}; list them all first",
)

ENTRIES = (ERROR_NOT_FOUND,)

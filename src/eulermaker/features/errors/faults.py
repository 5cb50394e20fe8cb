"""What looking up a fault, or a request that failed, can answer."""

from eulermaker.kernel.faults import Entry, Kind, documented

ERROR_NOT_FOUND = Entry(
    "error-not-found",
    Kind.NOT_FOUND,
    zh="错误目录中没有 {slug}，可先列出全部错误",
    en="The catalogue has no error {slug}; list them all first",
)
REQUEST_NOT_FOUND = Entry(
    "failed-request-not-found",
    Kind.NOT_FOUND,
    zh="没有请求 {request} 的错误记录：编号有误、请求成功，或记录已过保留期",
    en="No error of request {request} is known: its id is wrong, it succeeded, or it is too long ago",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)

ENTRIES = (ERROR_NOT_FOUND, REQUEST_NOT_FOUND)

"""What the system's own routes, and maintenance, can answer."""

from eulermaker.kernel.faults import Answer, Entry, Kind, documented

MAINTENANCE = Entry(
    "maintenance",
    Kind.UNAVAILABLE,
    zh="系统维护中：{message}，维护结束后请重试",
    en="The system is under maintenance: {message}; try again when it is over",
    answers={"003": Answer(503, "maintenance"), "004": documented(503, "E900")},
    retryable=True,
    retry_after=60,
)

ENTRIES = (MAINTENANCE,)

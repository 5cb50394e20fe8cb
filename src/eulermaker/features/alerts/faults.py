"""What alerts can answer."""

from eulermaker.kernel.faults import Entry, Kind, documented

ALERT_NOT_FOUND = Entry(
    "alert-not-found",
    Kind.NOT_FOUND,
    zh="告警 {alert} 不存在，可能已超过保留期",
    en="There is no alert {alert}; it may be older than what is kept",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
ALERT_STATE_CONFLICT = Entry(
    "alert-state-conflict",
    Kind.CONFLICT,
    zh="告警 {alert} 的状态为 {state}，无法执行 {action}",
    en="The alert {alert} is {state}, so `{action}` is not possible",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)

ENTRIES = (ALERT_NOT_FOUND, ALERT_STATE_CONFLICT)

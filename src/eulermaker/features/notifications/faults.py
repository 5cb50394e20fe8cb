"""What channels, deliveries and maintenance windows can answer."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_NOT_FOUND_IN_000: Answers = {"000": documented(404, "RESOURCE_NOT_FOUND")}
_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}

CHANNEL_NOT_FOUND = Entry(
    "channel-not-found",
    Kind.NOT_FOUND,
    zh="通知渠道 {channel} 不存在，请检查编号",
    en="There is no notification channel {channel}; check the id",
    answers=_NOT_FOUND_IN_000,
)
DELIVERY_NOT_FOUND = Entry(
    "delivery-not-found",
    Kind.NOT_FOUND,
    zh="通知投递 {delivery} 不存在，可能已超过保留期",
    en="There is no delivery {delivery}; it may be older than what is kept",
    answers=_NOT_FOUND_IN_000,
)
WINDOW_NOT_FOUND = Entry(
    "maintenance-window-not-found",
    Kind.NOT_FOUND,
    zh="维护窗口 {window} 不存在，请检查编号",
    en="There is no maintenance window {window}; check the id",
    answers=_NOT_FOUND_IN_000,
)
DELIVERY_STATE_CONFLICT = Entry(
    "delivery-state-conflict",
    Kind.CONFLICT,
    zh="通知投递 {delivery} 的状态为 {state}，只有 dead 的投递可以重试",
    en="The delivery {delivery} is {state}; only one that is dead can be retried",
    answers=_CONFLICT_IN_000,
)
TOO_MANY_CHANNELS = Entry(
    "too-many-channels",
    Kind.CONFLICT,
    zh="通知渠道已达上限 {limit} 个，请先删除不用的渠道",
    en="There are {limit} notification channels, which is the limit; remove one that you don't need",
    answers=_CONFLICT_IN_000,
)
TOO_MANY_WINDOWS = Entry(
    "too-many-maintenance-windows",
    Kind.CONFLICT,
    zh="维护窗口已达上限 {limit} 个，请先删除不用的窗口",
    en="There are {limit} maintenance windows, which is the limit; remove one that you don't need",
    answers=_CONFLICT_IN_000,
)

ENTRIES = (
    CHANNEL_NOT_FOUND,
    DELIVERY_NOT_FOUND,
    WINDOW_NOT_FOUND,
    DELIVERY_STATE_CONFLICT,
    TOO_MANY_CHANNELS,
    TOO_MANY_WINDOWS,
)

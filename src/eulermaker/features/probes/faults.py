"""What probes can answer."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_MISSING_IN_000: Answers = {"000": documented(404, "RESOURCE_NOT_FOUND")}
_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}

PROBE_NOT_FOUND = Entry(
    "probe-not-found",
    Kind.NOT_FOUND,
    zh="探针 {probe} 不存在，请检查编号",
    en="There is no probe {probe}; check its id",
    answers=_MISSING_IN_000,
)
PUSH_NOT_FOUND = Entry(
    "probe-push-not-found",
    Kind.NOT_FOUND,
    zh="没有这个心跳地址：探针已删除，或地址已更换",
    en="There is no such heartbeat URL: its probe was deleted, or it was given another one",
    answers=_MISSING_IN_000,
)
TOO_MANY_PROBES = Entry(
    "too-many-probes",
    Kind.CONFLICT,
    zh="已有 {limit} 个探针，达到上限，请先删除不用的探针",
    en="You have {limit} probes, which is the limit; delete one first",
    answers=_CONFLICT_IN_000,
)
PROBE_NOT_PUSH = Entry(
    "probe-not-push",
    Kind.CONFLICT,
    zh="探针 {probe} 不是 push 类型，没有心跳地址",
    en="Probe {probe} is not of type push, so it has no heartbeat URL",
    answers=_CONFLICT_IN_000,
)
PROBE_IS_PUSH = Entry(
    "probe-is-push",
    Kind.CONFLICT,
    zh="探针 {probe} 是 push 类型，只等待心跳，不能主动检查",
    en="Probe {probe} is of type push: it waits for heartbeats and cannot check",
    answers=_CONFLICT_IN_000,
)
CHECK_NOT_MADE = Entry(
    "probe-check-not-made",
    Kind.UNAVAILABLE,
    zh="探针 {probe} 的检查未能及时完成，请稍后重试",
    en="Probe {probe} was not checked in time; try again shortly",
    retryable=True,
    retry_after=2,
)

ENTRIES = (
    PROBE_NOT_FOUND,
    PUSH_NOT_FOUND,
    TOO_MANY_PROBES,
    PROBE_NOT_PUSH,
    PROBE_IS_PUSH,
    CHECK_NOT_MADE,
)

"""What networks can answer, beside what the engine's port says of them."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}

NETWORK_PREDEFINED = Entry(
    "network-predefined",
    Kind.CONFLICT,
    zh="{network} 是引擎自带的网络，不能创建、删除或手动接入",
    en="{network} is the engine's own network; it can't be created, removed or joined by hand",
    answers=_CONFLICT_IN_000,
)
NETWORK_STATE_CONFLICT = Entry(
    "network-state-conflict",
    Kind.CONFLICT,
    zh="容器 {container} 已处于该状态（{state}），无法对网络 {network} 执行 {action}",
    en="The container {container} is {state}, so `{action}` on the network {network} is not possible",
    answers=_CONFLICT_IN_000,
)
NETWORK_OPTION_REFUSED = Entry(
    "network-option-refused",
    Kind.FORBIDDEN,
    zh="策略不允许指定 {field}：它可能与宿主机的网络冲突；请去掉该字段，或联系管理员",
    en="The policy refuses {field}, which could cut the host off its own networks; "
    "leave it out, or ask an administrator",
    answers={"000": documented(403, "FORBIDDEN")},
)
TOO_MANY_NETWORKS = Entry(
    "too-many-networks",
    Kind.CONFLICT,
    zh="每个用户最多创建 {limit} 个网络，请先删除不用的网络",
    en="A user has at most {limit} networks; remove one that you don't need",
    answers=_CONFLICT_IN_000,
)

ENTRIES = (NETWORK_PREDEFINED, NETWORK_STATE_CONFLICT, NETWORK_OPTION_REFUSED, TOO_MANY_NETWORKS)

"""What volumes can answer, beside what the engine's port says of them."""

from eulermaker.kernel.faults import Entry, Kind, documented

VOLUME_OPTION_REFUSED = Entry(
    "volume-option-refused",
    Kind.FORBIDDEN,
    zh="策略不允许设置 {field}：它能挂载宿主机的文件；请去掉该字段，或联系管理员",
    en="The policy refuses {field}, with which a volume can mount the host's files; "
    "leave it out, or ask an administrator",
    answers={"000": documented(403, "FORBIDDEN")},
)

ENTRIES = (VOLUME_OPTION_REFUSED,)

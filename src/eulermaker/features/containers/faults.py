"""What containers can answer, beyond what the engine's port names."""

from eulermaker.kernel.faults import Entry, Kind, documented

CREATE_REFUSED = Entry(
    "create-policy-refused",
    Kind.FORBIDDEN,
    zh="创建策略不允许 {field}：{reason_zh}；请去掉该设置，或联系管理员",
    en="The create policy does not allow {field}: {reason_en}; leave it out, or ask an administrator",
    answers={"000": documented(403, "FORBIDDEN")},
)
TRANSFER_INTERRUPTED = Entry(
    "container-upload-interrupted",
    Kind.INVALID,
    zh="上传到 {path} 时连接中断，容器中可能只有部分文件，请重新上传",
    en="The upload to {path} was cut off, and the container may have a part of it; upload it again",
    answers={"000": documented(400, "INVALID_REQUEST")},
)

PORT_IN_USE = Entry(
    "port-in-use",
    Kind.CONFLICT,
    zh="主机端口 {port} 已被其他容器占用，请换一个端口或停止该容器",
    en="Another container has the host's port {port}; take another port, or stop that container",
    answers={"000": documented(409, "RESOURCE_CONFLICT")},
)

ENTRIES = (CREATE_REFUSED, PORT_IN_USE, TRANSFER_INTERRUPTED)

"""What images can answer, beside what the engine's port says of them."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}

IMAGE_IN_USE = Entry(
    "image-in-use",
    Kind.CONFLICT,
    zh="镜像 {image} 正被容器使用（{containers}），请先删除这些容器",
    en="The image {image} is used by containers ({containers}); remove them first",
    answers=_CONFLICT_IN_000,
)
IMAGE_NAME_RESERVED = Entry(
    "image-name-reserved",
    Kind.FORBIDDEN,
    zh="镜像名称 {image} 由系统保留，请换一个名称",
    en="The image name {image} is reserved; choose another one",
    answers={"000": documented(403, "FORBIDDEN")},
)
IMAGE_NAME_TAKEN = Entry(
    "image-name-taken",
    Kind.CONFLICT,
    zh="镜像名称 {image} 已属于他人的镜像，请换一个名称或标签",
    en="The name {image} is that of an image which is not yours; choose another name or tag",
    answers=_CONFLICT_IN_000,
)
PULL_NOT_FOUND = Entry(
    "image-pull-not-found",
    Kind.NOT_FOUND,
    zh="没有拉取任务 {pull}：编号有误，或任务早已结束",
    en="There is no pull {pull}: its id is wrong, or it ended long ago",
    answers={"000": documented(404, "RESOURCE_NOT_FOUND")},
)
PULL_ENDED = Entry(
    "image-pull-ended",
    Kind.CONFLICT,
    zh="拉取任务已结束（{state}），无法取消",
    en="The pull has ended ({state}), so it can't be cancelled",
    answers=_CONFLICT_IN_000,
)
PULL_CANCELLED = Entry(
    "image-pull-cancelled",
    Kind.CONFLICT,
    zh="镜像 {image} 的拉取已被取消，请重试",
    en="The pull of {image} was cancelled; try again",
    answers=_CONFLICT_IN_000,
)
PULL_PENDING = Entry(
    "image-pull-pending",
    Kind.UNAVAILABLE,
    zh="镜像 {image} 仍在拉取（{pull}），请稍后重试",
    en="The image {image} is still being pulled ({pull}); try again shortly",
    retryable=True,
    retry_after=10,
)
TOO_MANY_PULLS = Entry(
    "too-many-image-pulls",
    Kind.LIMITED,
    zh="同时进行的拉取任务已达上限 {limit} 个，请稍后重试",
    en="There are {limit} pulls already, which is the most at once; try again shortly",
    retryable=True,
    retry_after=10,
)
IMPORT_TOO_LARGE = Entry(
    "image-import-too-large",
    Kind.INVALID,
    zh="导入的归档超过 {limit} 字节的上限",
    en="The archive is larger than {limit} bytes",
)
IMPORT_INTERRUPTED = Entry(
    "image-import-interrupted",
    Kind.INVALID,
    zh="归档上传中断，未导入任何镜像，请重新上传",
    en="The upload of the archive was cut off and nothing was imported; upload it again",
)
ANALYSIS_BUSY = Entry(
    "image-analysis-busy",
    Kind.UNAVAILABLE,
    zh="正在分析其他镜像，或镜像 {image} 未能在 {seconds} 秒内读完，请稍后重试",
    en="Other images are being analyzed, or {image} could not be read within {seconds} seconds; "
    "try again shortly",
    retryable=True,
    retry_after=30,
)
TOO_MANY_FILES = Entry(
    "image-too-many-files",
    Kind.INVALID,
    zh="镜像 {image} 的各层共有超过 {limit} 个条目，无法逐一分析；请查看其 history 中各步骤的大小",
    en="The layers of {image} hold more than {limit} entries, too many to analyze; "
    "see the sizes in its history",
)

ENTRIES = (
    IMAGE_IN_USE,
    IMAGE_NAME_RESERVED,
    IMAGE_NAME_TAKEN,
    PULL_NOT_FOUND,
    PULL_ENDED,
    PULL_CANCELLED,
    PULL_PENDING,
    TOO_MANY_PULLS,
    IMPORT_TOO_LARGE,
    IMPORT_INTERRUPTED,
    ANALYSIS_BUSY,
    TOO_MANY_FILES,
)

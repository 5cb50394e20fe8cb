"""What builds can answer, and why a build failed."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_MISSING_IN_000: Answers = {"000": documented(404, "RESOURCE_NOT_FOUND")}
_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}
_BROKEN_IN_000: Answers = {"000": documented(500, "BUILD_ERROR")}

BUILD_NOT_FOUND = Entry(
    "build-not-found",
    Kind.NOT_FOUND,
    zh="构建 {build} 不存在，请检查编号",
    en="There is no build {build}; check the id",
    answers=_MISSING_IN_000,
)
ARTIFACT_NOT_FOUND = Entry(
    "artifact-not-found",
    Kind.NOT_FOUND,
    zh="构建 {build} 没有产物 {artifact}，可先列出该构建的产物",
    en="Build {build} has no artifact {artifact}; list its artifacts first",
    answers=_MISSING_IN_000,
)
BUILD_STATE_CONFLICT = Entry(
    "build-state-conflict",
    Kind.CONFLICT,
    zh="构建处于 {state} 状态，无法执行 {action} 操作",
    en="The build is {state}, so `{action}` is not possible",
    answers=_CONFLICT_IN_000,
)
CONTEXT_TOO_LARGE = Entry(
    "context-too-large",
    Kind.INVALID,
    zh="构建上下文超过 {limit} 字节的上限，请移除不需要的文件",
    en="The build context is larger than {limit} bytes; leave out files that the build does not need",
)
UPLOAD_INTERRUPTED = Entry(
    "upload-interrupted",
    Kind.INVALID,
    zh="上传 {path} 时连接中断，文件未保存，请重新上传",
    en="The upload of {path} was cut off and nothing was kept; upload it again",
)

# Why a build ended as it did: stored with the build and told in the reader's language.
STEP_FAILED = Entry(
    "build-step-failed",
    Kind.INTERNAL,
    zh="第 {number}/{total} 步失败（{instruction}）：{message}",
    en="Step {number}/{total} failed ({instruction}): {message}",
    answers=_BROKEN_IN_000,
)
BASE_IMAGE_UNAVAILABLE = Entry(
    "base-image-unavailable",
    Kind.INTERNAL,
    zh="无法获取基础镜像 {image}，请检查名称，或先将其导入引擎",
    en="The base image {image} cannot be had; check its name, or load it into the engine first",
    answers=_BROKEN_IN_000,
)
SOURCE_UNAVAILABLE = Entry(
    "build-source-unavailable",
    Kind.INTERNAL,
    zh="无法获取 {source}，请检查地址：{message}",
    en="{source} cannot be had; check the address: {message}",
    answers=_BROKEN_IN_000,
)
DOCKERFILE_REFUSED = Entry(
    "dockerfile-refused",
    Kind.INTERNAL,
    zh="引擎拒绝了 Dockerfile：{message}",
    en="The engine refused the Dockerfile: {message}",
    answers=_BROKEN_IN_000,
)
BUILDER_BROKE = Entry(
    "builder-broke",
    Kind.INTERNAL,
    zh="构建器出现故障：{message}",
    en="The builder broke: {message}",
    answers=_BROKEN_IN_000,
)
BUILD_INTERRUPTED = Entry(
    "build-interrupted",
    Kind.INTERNAL,
    zh="构建在 {attempts} 次尝试后仍被中断（{reason}），可重新提交",
    en="The build was interrupted in each of {attempts} attempts ({reason}); submit it again",
    answers=_BROKEN_IN_000,
)
BUILD_TIMED_OUT = Entry(
    "build-timed-out",
    Kind.TIMEOUT,
    zh="构建超过 {seconds} 秒的时限，已停止；可用 timeout 字段放宽",
    en="The build ran longer than {seconds} seconds and was stopped; the field `timeout` allows more",
    answers=_BROKEN_IN_000,
)
ARTIFACTS_TOO_LARGE = Entry(
    "artifacts-too-large",
    Kind.INTERNAL,
    zh="产物超过 {limit} 字节的上限，请减少 /output 中的文件",
    en="The artifacts are larger than {limit} bytes; leave less in /output",
    answers=_BROKEN_IN_000,
)
STORAGE_FAILED = Entry(
    "build-storage-failed",
    Kind.INTERNAL,
    zh="无法读写构建的文件（{reason}），请检查服务器的磁盘",
    en="The build's files could not be read or written ({reason}); check the server's disk",
    answers=_BROKEN_IN_000,
)

ENTRIES = (
    BUILD_NOT_FOUND,
    ARTIFACT_NOT_FOUND,
    BUILD_STATE_CONFLICT,
    CONTEXT_TOO_LARGE,
    UPLOAD_INTERRUPTED,
    STEP_FAILED,
    BASE_IMAGE_UNAVAILABLE,
    SOURCE_UNAVAILABLE,
    DOCKERFILE_REFUSED,
    BUILDER_BROKE,
    BUILD_INTERRUPTED,
    BUILD_TIMED_OUT,
    ARTIFACTS_TOO_LARGE,
    STORAGE_FAILED,
)
OUTCOMES = {
    entry.slug: entry
    for entry in (
        STEP_FAILED,
        BASE_IMAGE_UNAVAILABLE,
        SOURCE_UNAVAILABLE,
        DOCKERFILE_REFUSED,
        BUILDER_BROKE,
        BUILD_INTERRUPTED,
        BUILD_TIMED_OUT,
        ARTIFACTS_TOO_LARGE,
        STORAGE_FAILED,
    )
}

"""What repositories can answer, and why something was not published."""

from eulermaker.kernel.faults import Answers, Entry, Kind, documented

_MISSING_IN_000: Answers = {"000": documented(404, "RESOURCE_NOT_FOUND")}
_CONFLICT_IN_000: Answers = {"000": documented(409, "RESOURCE_CONFLICT")}

REPOSITORY_NOT_FOUND = Entry(
    "repository-not-found",
    Kind.NOT_FOUND,
    zh="软件仓库 {repository} 不存在，可用 eulermaker repo create {repository} 创建",
    en="There is no repository {repository}; make it with `eulermaker repo create {repository}`",
    answers=_MISSING_IN_000,
)
REPOSITORY_FILE_NOT_FOUND = Entry(
    "repository-file-not-found",
    Kind.NOT_FOUND,
    zh="软件仓库 {repository} 中没有 {file}，可能尚未发布或已被移除",
    en="The repository {repository} has no {file}; it may not be published yet, or be removed",
    answers=_MISSING_IN_000,
)
REPOSITORY_NAME_TAKEN = Entry(
    "repository-name-taken",
    Kind.CONFLICT,
    zh="软件仓库名 {repository} 已被使用，请换一个",
    en="There is a repository named {repository} already; choose another name",
    answers=_CONFLICT_IN_000,
)
REPOSITORY_LOCKED = Entry(
    "repository-locked",
    Kind.UNAUTHENTICATED,
    zh="该软件仓库不存在或不公开，请在 .repo 文件中填写 username=reader 和访问口令",
    en="There is no such repository, or it is not public; give `username=reader` and its token "
    "in the .repo file",
    answers={"000": documented(401, "UNAUTHORIZED")},
)
TOO_MANY_REPOSITORIES = Entry(
    "too-many-repositories",
    Kind.CONFLICT,
    zh="软件仓库已达上限 {limit} 个，请先删除不用的仓库",
    en="You have {limit} repositories, which is the limit; delete one that you don't need",
    answers=_CONFLICT_IN_000,
)
REPOSITORY_FULL = Entry(
    "repository-full",
    Kind.CONFLICT,
    zh="软件仓库 {repository} 已达上限 {limit} 个软件包，请移除旧包或减少保留的版本数",
    en="The repository {repository} has room for {limit} packages; remove old ones, or keep fewer versions",
    answers=_CONFLICT_IN_000,
)
REPOSITORY_UNSIGNED = Entry(
    "repository-unsigned",
    Kind.CONFLICT,
    zh="软件仓库 {repository} 要求签名但没有密钥，请先用 eulermaker repo key {repository} --generate 设置",
    en="The repository {repository} requires signatures and has no key; "
    "set one with `eulermaker repo key {repository} --generate`",
    answers=_CONFLICT_IN_000,
)
BUILD_NOT_PUBLISHABLE = Entry(
    "build-not-publishable",
    Kind.CONFLICT,
    zh="构建 {build} 的状态为 {state}，只能发布成功的构建",
    en="The build {build} is {state}; only a build that succeeded can be published",
    answers=_CONFLICT_IN_000,
)
BUILD_IS_DRAFT = Entry(
    "build-is-draft",
    Kind.CONFLICT,
    zh="构建 {build} 是草稿（optimize: max），不能发布；请用 safe 重新构建",
    en="The build {build} is a draft (`optimize: max`), which is not published; build it anew with `safe`",
    answers=_CONFLICT_IN_000,
)
NOTHING_TO_PUBLISH = Entry(
    "nothing-to-publish",
    Kind.CONFLICT,
    zh="构建 {build} 没有可发布的 RPM，请检查其产物",
    en="The build {build} has no RPM to publish; look at its artifacts",
    answers=_CONFLICT_IN_000,
)
PACKAGE_PUBLISHED_ALREADY = Entry(
    "package-published-already",
    Kind.CONFLICT,
    zh="软件包 {package} 已在软件仓库 {repository} 中（来自构建 {build}），无需再次发布",
    en="The package {package} is in the repository {repository} already, from {build}: "
    "there is nothing to publish again",
    answers=_CONFLICT_IN_000,
)
PACKAGE_DIFFERS = Entry(
    "package-differs",
    Kind.CONFLICT,
    zh="软件仓库 {repository} 中的 {package}（来自构建 {build}）内容不同，请提高 Release 后重新构建",
    en="The repository {repository} has another {package}, from {build}; raise its Release and build again",
    answers=_CONFLICT_IN_000,
)
PACKAGE_OUTDATED = Entry(
    "package-outdated",
    Kind.CONFLICT,
    zh="软件仓库 {repository} 只保留 {limit} 个最新版本，{package} 比它们都旧；请增大 keep_versions",
    en="The repository {repository} keeps the newest {limit} versions, and {package} is older than those; "
    "raise `keep_versions`",
    answers=_CONFLICT_IN_000,
)
PACKAGE_NOT_FOUND = Entry(
    "package-not-found",
    Kind.NOT_FOUND,
    zh="软件仓库 {repository} 中没有软件包 {package}，可先列出其软件包",
    en="The repository {repository} has no package {package}; list its packages first",
    answers=_MISSING_IN_000,
)
TOOL_MISSING = Entry(
    "repository-tool-missing",
    Kind.UNAVAILABLE,
    zh="服务器未安装 {tool}，无法发布软件仓库；请管理员安装软件包 {package}",
    en="The server lacks {tool}, so no repository can be published; have its administrator install {package}",
)
PUBLISHING_FAILED = Entry(
    "repository-publishing-failed",
    Kind.INTERNAL,
    zh="软件仓库未能发布（{reason}），稍后自动重试；读者仍使用上一版本",
    en="The repository could not be published ({reason}); it is tried again, and readers have the "
    "last version",
)
KEY_UNREADABLE = Entry(
    "repository-key-unreadable",
    Kind.INTERNAL,
    zh="无法解开软件仓库的签名密钥，服务器的密钥可能已更换；请重新设置签名密钥",
    en="The repository's key cannot be opened, as the server's own secret has changed; set the key again",
)

ENTRIES = (
    REPOSITORY_NOT_FOUND,
    REPOSITORY_FILE_NOT_FOUND,
    REPOSITORY_NAME_TAKEN,
    REPOSITORY_LOCKED,
    TOO_MANY_REPOSITORIES,
    REPOSITORY_FULL,
    REPOSITORY_UNSIGNED,
    BUILD_NOT_PUBLISHABLE,
    BUILD_IS_DRAFT,
    NOTHING_TO_PUBLISH,
    PACKAGE_PUBLISHED_ALREADY,
    PACKAGE_DIFFERS,
    PACKAGE_OUTDATED,
    PACKAGE_NOT_FOUND,
    TOOL_MISSING,
    PUBLISHING_FAILED,
    KEY_UNREADABLE,
)
#: Why a publication was refused, or why the last attempt to publish failed: told by slug.
TOLD_LATER = {entry.slug: entry for entry in ENTRIES}

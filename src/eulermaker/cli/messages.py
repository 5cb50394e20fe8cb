"""Everything that the command line says, in English and Chinese."""

import os
from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]

CATALOGUE: Mapping[str, tuple[str, str]] = {
    # Help
    "help.app": (
        "Build RPM packages and images in real containers.",
        "在真实容器中构建 RPM 软件包和镜像。",
    ),
    "help.builds": ("Create, inspect and end builds.", "创建、查看和终止构建。"),
    "help.login": ("Sign in and keep the tokens for later commands.", "登录并保存令牌，供后续命令使用。"),
    "help.logout": ("Forget the saved tokens.", "删除已保存的令牌。"),
    "help.build": (
        "Build a spec, or a folder with a Dockerfile: submit, follow, download the artifacts.",
        "构建 spec 文件或含有 Dockerfile 的目录：提交、跟踪日志、下载产物。",
    ),
    "help.create": ("Create a build and upload its files.", "创建构建任务并上传文件。"),
    "help.execute": ("Start a pending build.", "执行等待中的构建。"),
    "help.list": ("List builds, the newest first.", "列出构建任务，最新的在前。"),
    "help.show": ("Show all that is known about a build.", "显示构建详情。"),
    "help.logs": ("Print a build's log.", "输出构建日志。"),
    "help.cancel": ("Stop a build that has not ended.", "取消尚未结束的构建。"),
    "help.rm": ("Remove a build.", "删除构建任务。"),
    "help.artifacts": ("List a build's artifacts, or download them.", "列出或下载构建产物。"),
    "help.source": (
        "A .spec file, or a folder with a Dockerfile.",
        ".spec 文件，或含有 Dockerfile 的目录。",
    ),
    "help.build_id": ("The build's id.", "构建任务 ID。"),
    "help.json": ("Print JSON for programs.", "输出供程序读取的 JSON。"),
    "help.url": (
        "The server's address; default EULERMAKER_URL, then the last one used, then {default}.",
        "服务器地址；默认取 EULERMAKER_URL，其次为上次使用的地址，再次为 {default}。",
    ),
    "help.username": ("The user's name; asked for when left out.", "用户名；省略时询问。"),
    "help.password_stdin": ("Read the password from standard input.", "从标准输入读取密码。"),
    "help.build_arg": ("A build argument, KEY=VALUE; may be repeated.", "构建参数 KEY=VALUE，可重复。"),
    "help.label": ("A label of the image, KEY=VALUE; may be repeated.", "镜像标签 KEY=VALUE，可重复。"),
    "help.target": ("The stage of the Dockerfile to build.", "要构建的 Dockerfile 阶段。"),
    "help.no_cache": ("Run every step anew.", "不使用缓存，重新执行每一步。"),
    "help.name": (
        "The build's name; default the package's or the folder's.",
        "构建名称；默认为软件包名或目录名。",
    ),
    "help.base_image": ("The image that a spec is built in.", "构建 spec 所用的基础镜像。"),
    "help.timeout": ("Stop the build after this many seconds.", "构建超过该秒数即停止。"),
    "help.no_follow": ("Start the build and return at once.", "启动构建后立即返回。"),
    "help.output": ("The folder that artifacts are downloaded to.", "产物下载到的目录。"),
    "help.execute_now": ("Start it as well.", "同时开始执行。"),
    "help.status": (
        "Only builds in this status: pending, running, success, failed, cancelled, timeout.",
        "只列出该状态的构建：pending、running、success、failed、cancelled、timeout。",
    ),
    "help.name_filter": ("Only builds whose name matches.", "按名称过滤。"),
    "help.limit": ("At most this many.", "最多列出的数量。"),
    "help.offset": ("Leave out this many at the start.", "跳过前面的数量。"),
    "help.tail": ("Only the last lines, this many.", "只输出最后若干行。"),
    "help.since_seq": ("Only lines after this number.", "只输出该序号之后的行。"),
    "help.follow": ("Go on until the build ends.", "持续输出直到构建结束。"),
    "help.clean_image": ("Remove its image, too.", "同时删除构建产生的镜像。"),
    # Signing in and out
    "login.username": ("Username", "用户名"),
    "login.password": ("Password", "密码"),
    "login.done": ("Signed in to {url} as {username}", "已以 {username} 登录 {url}"),
    "login.no_terminal": (
        "Give --username and --password-stdin, as there is no terminal to ask on",
        "当前没有终端可供输入，请使用 --username 和 --password-stdin",
    ),
    "logout.done": ("Signed out of {url}", "已退出 {url}"),
    "logout.nobody": ("Nobody was signed in", "当前未登录"),
    # Builds
    "build.created": ("Created {id} ({name})", "已创建 {id}（{name}）"),
    "build.status": ("{id} is {status}", "{id} 当前状态：{status}"),
    "build.queued": (
        "{id} waits at position {position} of the queue{reason}",
        "{id} 正在排队，位置 {position}{reason}",
    ),
    "build.removed": ("Removed {id}", "已删除 {id}"),
    "build.uploading": ("Uploading {path} ({size})", "正在上传 {path}（{size}）"),
    "build.downloading": ("Downloading {name} ({size})", "正在下载 {name}（{size}）"),
    "build.source_missing": (
        "note: {name} is not beside the spec and is not uploaded",
        "提示：spec 旁没有 {name}，未上传",
    ),
    "ending.success": ("{id} succeeded", "{id} 构建成功"),
    "ending.failed": ("{id} failed", "{id} 构建失败"),
    "ending.timeout": ("{id} ran out of time", "{id} 构建超时"),
    "ending.cancelled": ("{id} was cancelled", "{id} 已被取消"),
    "ending.other": ("{id} ended: {status}", "{id} 已结束：{status}"),
    "ending.reason": ("reason: {message} [{code}]", "原因：{message} [{code}]"),
    "build.nothing_made": ("The build left no artifacts", "构建没有产物"),
    "build.interrupted": ("Interrupted; cancelling {id} …", "已中断，正在取消 {id} …"),
    "build.interrupt_cancelled": ("Cancelled {id}", "已取消 {id}"),
    "build.interrupt_ended": ("{id} had ended already", "{id} 此前已经结束"),
    "build.interrupt_failed": ("{id} could not be cancelled: {error}", "无法取消 {id}：{error}"),
    "build.lost": (
        "note: {id} may still be running; see: eulermaker builds logs {id} --follow",
        "提示：{id} 可能仍在运行；请执行 eulermaker builds logs {id} --follow 查看",
    ),
    "build.not_removed": ("note: {id} was left on the server: {error}", "提示：{id} 仍留在服务器上：{error}"),
    "progress.building": ("building", "构建中"),
    # Tables
    "column.id": ("ID", "ID"),
    "column.name": ("Name", "名称"),
    "column.status": ("Status", "状态"),
    "column.created": ("Created", "创建时间"),
    "column.started": ("Started", "开始时间"),
    "column.finished": ("Finished", "结束时间"),
    "column.duration": ("Duration", "耗时"),
    "column.image": ("Image", "镜像"),
    "column.steps": ("Steps", "步骤"),
    "column.queue": ("Queue", "排队"),
    "column.error": ("Error", "错误"),
    "column.size": ("Size", "大小"),
    "column.package": ("Package", "软件包"),
    "column.sha256": ("SHA-256", "SHA-256"),
    "table.steps": (
        "{done} of {total} done, {cached} cached",
        "共 {total} 步，完成 {done}，命中缓存 {cached}",
    ),
    "table.seconds": ("{seconds} s", "{seconds} 秒"),
    "table.more": ("{shown} of {total} builds", "共 {total} 个构建，显示 {shown} 个"),
    # Input that can't be used
    "input.missing": ("There is no file or folder {path}", "文件或目录不存在：{path}"),
    "input.no_dockerfile": ("There is no Dockerfile in {path}", "{path} 中没有 Dockerfile"),
    "input.no_spec": (
        "{path} is neither a .spec file nor a folder with a Dockerfile",
        "{path} 既不是 .spec 文件，也不是含有 Dockerfile 的目录",
    ),
    "input.not_text": ("{path} is not UTF-8 text", "{path} 不是 UTF-8 文本"),
    "input.spec_no_name": ("{path} has no Name", "{path} 没有 Name 字段"),
    "input.pair": ("{option} takes KEY=VALUE, not {value}", "{option} 的格式为 KEY=VALUE，而不是 {value}"),
    "input.base_image": (
        "--base-image is for specs; a Dockerfile has its FROM",
        "--base-image 只用于 spec；Dockerfile 请使用 FROM",
    ),
    "input.target": (
        "--target is for Dockerfiles; a spec has no stages",
        "--target 只用于 Dockerfile；spec 没有阶段",
    ),
    "input.symlink_leaves": (
        "{path} is a symbolic link that leaves the folder",
        "{path} 是指向目录之外的符号链接",
    ),
    "input.symlink_folder": (
        "{path} is a symbolic link to a folder, which can't be uploaded; name it in .dockerignore",
        "{path} 是指向目录的符号链接，无法上传；请在 .dockerignore 中排除",
    ),
    "input.not_a_file": (
        "{path} is neither a file nor a folder; name it in .dockerignore",
        "{path} 既不是文件也不是目录；请在 .dockerignore 中排除",
    ),
    "input.no_password": ("The password on standard input is empty", "标准输入中的密码为空"),
    "input.credentials": (
        "{path} is damaged; run: eulermaker login",
        "{path} 已损坏；请执行 eulermaker login",
    ),
    "input.artifact_name": (
        "The server names an artifact {name}, which is no safe file name",
        "服务器给出的产物名 {name} 不是安全的文件名",
    ),
    # Errors
    "error": ("error: {message}", "错误：{message}"),
    "error.request": ("{message} (request {id})", "{message}（请求 {id}）"),
    "error.not-signed-in": (
        "Not signed in; run: eulermaker login [not-signed-in]",
        "尚未登录；请执行 eulermaker login [not-signed-in]",
    ),
    "error.expired": ("{message}; run: eulermaker login", "{message}；请执行 eulermaker login"),
    "error.connection-failed": (
        "Can't reach {url} [connection-failed]: {reason}",
        "无法连接 {url} [connection-failed]：{reason}",
    ),
    "error.no-answer": ("{url} did not answer in time [no-answer]", "{url} 未及时响应 [no-answer]"),
    "error.file": ("{path}: {reason}", "{path}：{reason}"),
}


def language() -> Language:
    """The language of messages: EULERMAKER_LANGUAGE, else the locale's, else English."""
    variables = ("EULERMAKER_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((value for name in variables if (value := os.environ.get(name))), "")
    return "zh" if chosen.lower().startswith("zh") else "en"


def text(key: str, **facts: object) -> str:
    """The sentence of a key, its facts filled in."""
    english, chinese = CATALOGUE[key]
    return (chinese if language() == "zh" else english).format_map(facts)

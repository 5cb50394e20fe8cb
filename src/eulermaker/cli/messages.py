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
    # Help: containers, images, the system
    "help.ps": ("List containers.", "列出容器。"),
    "help.run": ("Create a container and start it.", "创建并启动容器。"),
    "help.start": ("Start containers.", "启动容器。"),
    "help.stop": ("Stop containers.", "停止容器。"),
    "help.restart": ("Restart containers.", "重启容器。"),
    "help.container_rm": ("Remove containers.", "删除容器。"),
    "help.container_logs": ("Print a container's log.", "输出容器日志。"),
    "help.stats": ("Show what containers use, live.", "实时显示容器资源用量。"),
    "help.top": ("List a container's processes.", "列出容器中的进程。"),
    "help.exec": ("Run a command in a container.", "在容器中执行命令。"),
    "help.shell": (
        "Open a terminal in a container; ctrl-p ctrl-q leaves it.",
        "在容器中打开终端；按 ctrl-p ctrl-q 离开。",
    ),
    "help.cp": (
        "Copy files to or from a container; - is a tar archive on standard input or output.",
        "在容器与本机之间复制文件；- 表示标准输入或输出上的 tar 归档。",
    ),
    "help.images": ("List images.", "列出镜像。"),
    "help.pull": ("Pull an image.", "拉取镜像。"),
    "help.events": ("Print what happens to containers, as it happens.", "实时输出容器事件。"),
    "help.system": ("Look at the whole installation.", "查看系统整体状态。"),
    "help.info": ("What is installed, and how much there is.", "系统信息与统计。"),
    "help.resources": ("What the machine has and uses.", "主机资源与用量。"),
    "help.health": ("How everything is doing.", "各组件健康状态。"),
    "help.config": ("The settings, without secrets.", "系统配置（不含机密）。"),
    "help.container": ("The container's name or id.", "容器名称或 ID。"),
    "help.containers": ("Names or ids of containers.", "容器名称或 ID。"),
    "help.stats_containers": (
        "Names or ids; default all that run.",
        "容器名称或 ID；默认为所有运行中的容器。",
    ),
    "help.command": ("The command and its arguments.", "命令及其参数。"),
    "help.shell_command": ("The command; default /bin/sh.", "命令；默认 /bin/sh。"),
    "help.image": ("The image's name.", "镜像名称。"),
    "help.image_name": ("Only images whose name matches.", "按名称过滤镜像。"),
    "help.env": (
        "A variable, KEY=VALUE, or KEY for its value here; may be repeated.",
        "环境变量 KEY=VALUE；只写 KEY 则取本机的值；可重复。",
    ),
    "help.user": ("The user, NAME[:GROUP].", "用户，格式 用户[:组]。"),
    "help.workdir": ("The folder to work in.", "工作目录。"),
    "help.quiet": ("Only ids.", "只输出 ID。"),
    "help.grace": ("Seconds before it is killed.", "强制结束前等待的秒数。"),
    "help.all": ("Also those that do not run.", "包括未运行的容器。"),
    "help.filter": (
        "Only those with status, name, image or label KEY=VALUE; may be repeated.",
        "按 status、name、image 或 label 过滤，格式 KEY=VALUE，可重复。",
    ),
    "help.force": ("Even if it runs.", "即使正在运行也删除。"),
    "help.container_follow": ("Go on until the container has stopped.", "持续输出直到容器停止。"),
    "help.since": ("From this moment on, RFC 3339.", "起始时间，RFC 3339 格式。"),
    "help.until": ("Up to this moment, RFC 3339.", "截止时间，RFC 3339 格式。"),
    "help.timestamps": ("With the time of each line.", "显示每行的时间。"),
    "help.no_stream": ("Once, and no more.", "只输出一次。"),
    "help.detach": ("Print the id and let it run on its own.", "输出 ID 后在后台运行。"),
    "help.remove": ("Remove it when it has ended.", "结束后删除容器。"),
    "help.stdin_open": ("Keep its input open; needs -d.", "保持标准输入打开；需要 -d。"),
    "help.interactive": ("Type into it; needs -t.", "交互式输入；需要 -t。"),
    "help.tty": ("Give it a terminal.", "分配终端。"),
    "help.container_name": ("The container's name.", "容器名称。"),
    "help.publish": (
        "Publish a port, HOST:PORT; may be repeated.",
        "发布端口，格式 主机端口:容器端口，可重复。",
    ),
    "help.volume": (
        "Mount a volume or folder, SOURCE:PATH[:ro]; may be repeated.",
        "挂载卷或目录，格式 来源:路径[:ro]，可重复。",
    ),
    "help.container_label": ("A label, KEY=VALUE; may be repeated.", "标签 KEY=VALUE，可重复。"),
    "help.memory": ("At most this much memory, e.g. 512m.", "内存上限，如 512m。"),
    "help.cpus": ("At most this many cores, e.g. 1.5.", "CPU 核数上限，如 1.5。"),
    "help.hostname": ("Its host name.", "主机名。"),
    "help.network": ("The network to join.", "要加入的网络。"),
    "help.restart_policy": (
        "no, always, unless-stopped or on-failure[:times].",
        "no、always、unless-stopped 或 on-failure[:次数]。",
    ),
    "help.entrypoint": ("Run this instead of the image's entry point.", "替换镜像的入口程序。"),
    "help.read_only": ("Its root file system can't be written.", "根文件系统只读。"),
    "help.exec_timeout": ("End it after this many seconds.", "超过该秒数即结束。"),
    "help.cp_source": ("Where to copy from.", "复制来源。"),
    "help.cp_target": ("Where to copy to.", "复制目标。"),
    "help.since_event": ("Begin behind the event of this number.", "从该序号之后的事件开始。"),
    # Containers, images, events
    "logs.gap": ("note: lines may be missing here", "提示：此处可能缺少日志"),
    "logs.truncated": (
        "note: the first lines were too many and are left out",
        "提示：较早的日志过多，已省略",
    ),
    "events.gap": ("{seq}  note: events may be missing here", "{seq}  提示：此处可能缺少事件"),
    "run.interrupted": ("Interrupted; stopping {container} …", "已中断，正在停止 {container} …"),
    "exec.truncated": ("note: the output was too long and is cut off", "提示：输出过长，已截断"),
    "shell.detached": ("Left {terminal}; its command goes on", "已离开 {terminal}，其命令继续运行"),
    "shell.ended": ("The terminal ended: {reason}", "终端已结束：{reason}"),
    "shell.lost": ("note: {count} bytes of output were lost", "提示：丢失了 {count} 字节输出"),
    "pull.begun": ("Pulling {image}", "正在拉取 {image}"),
    "pull.done": ("Pulled {image} {id}", "已拉取 {image} {id}"),
    "pull.ended": ("The pull of {image} ended: {status}", "镜像 {image} 的拉取已结束：{status}"),
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
    "column.ports": ("Ports", "端口"),
    "column.cpu": ("CPU", "CPU"),
    "column.memory": ("Memory / limit", "内存 / 上限"),
    "column.memory_share": ("Memory %", "内存 %"),
    "column.network": ("Net in / out", "网络 收 / 发"),
    "column.block": ("Block read / written", "磁盘 读 / 写"),
    "column.pids": ("Processes", "进程数"),
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
    "input.filter": ("There is no filter {name}; there are: {known}", "没有过滤条件 {name}；可用：{known}"),
    "input.until": ("--until can't be used with --follow", "--until 不能与 --follow 同时使用"),
    "input.volume": ("-v takes SOURCE:PATH[:ro], not {value}", "-v 的格式为 来源:路径[:ro]，而不是 {value}"),
    "input.run_attached": (
        "-i and --json need -d; for a terminal: eulermaker run -d …, then eulermaker shell CONTAINER",
        "-i 和 --json 需要与 -d 同用；如需终端，请先 eulermaker run -d …，再 eulermaker shell 容器",
    ),
    "input.exec_interactive": (
        "-i needs -t, and goes without --json",
        "-i 需要与 -t 同用，且不能使用 --json",
    ),
    "input.no_terminal": (
        "Standard input and output must be a terminal; without one use: eulermaker exec",
        "标准输入和输出必须是终端；没有终端时请使用 eulermaker exec",
    ),
    "input.cp": (
        "One of the two must be CONTAINER:PATH, the other a path or -",
        "两者之一须为 容器:路径，另一个为本机路径或 -",
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

"""The error reference of 000: containers, builds, terminals, probes, system."""

from eulermaker.dialects.documents.row import Detail, row

ROWS = (
    row(
        "INVALID_REQUEST",
        400,
        ("请求参数无效", "The request is not valid"),
        ("请求体或查询参数未通过校验", "The body or the query fails validation"),
        ("按 field_errors 修正字段后重试", "Correct the fields named in field_errors, then try again"),
        Detail("field_errors", "object", {"name": "不能为空"}),
    ),
    row(
        "UNAUTHORIZED",
        401,
        ("未授权访问", "You are not signed in"),
        (
            "没有令牌、令牌无效，或用户名密码错误",
            "No token, a token that does not hold, or wrong credentials",
        ),
        (
            "重新登录，并在 Authorization 头中携带令牌",
            "Sign in again and send the token in the Authorization header",
        ),
    ),
    row(
        "FORBIDDEN",
        403,
        ("权限不足", "You may not do this"),
        (
            "角色或策略不允许该操作，或账户已被锁定",
            "The role or a policy does not allow it, or the account is locked",
        ),
        ("向管理员申请权限，或去掉被拒绝的选项", "Ask an administrator, or leave out what is refused"),
    ),
    row(
        "RESOURCE_NOT_FOUND",
        404,
        ("资源不存在", "There is no such resource"),
        (
            "没有这个容器、构建、终端或探针，或您无权查看",
            "No such container, build, terminal or probe, or it is not yours to see",
        ),
        ("检查编号，或先列出已有的资源", "Check the id, or list what there is first"),
        Detail("container_id", "string", "container_0123456789ab"),
        Detail("resource_type", "string", "container"),
    ),
    row(
        "RESOURCE_CONFLICT",
        409,
        ("资源冲突", "The request conflicts with the state of the resource"),
        ("名称重复，或当前状态不允许该操作", "The name is taken, or the state does not allow the action"),
        ("换一个名称，或先改变资源的状态", "Take another name, or change the resource's state first"),
    ),
    row(
        "RATE_LIMIT_EXCEEDED",
        429,
        ("请求频率超限", "Too many requests"),
        ("该类接口的配额已用完", "The quota of this class of routes is spent"),
        ("等到 reset_time 之后再试", "Wait until reset_time, then try again"),
        Detail("limit", "integer", 100),
        Detail("remaining", "integer", 0),
        Detail("reset_time", "moment"),
        retry_after=60,
    ),
    row(
        "DOCKER_ERROR",
        500,
        ("Docker 操作错误", "The container engine failed"),
        ("引擎拒绝了操作，或无法连接", "The engine refused the operation, or is unreachable"),
        (
            "确认 Docker 正在运行，查看服务日志后重试",
            "Check that Docker runs and what the server's log says, then try again",
        ),
    ),
    row(
        "BUILD_ERROR",
        500,
        ("构建错误", "The build failed"),
        ("构建器无法启动或中途出错", "The builder could not start, or broke"),
        ("查看构建日志，修正后重新提交", "Read the build's log, mend what it names, and submit it again"),
    ),
    row(
        "TERMINAL_ERROR",
        500,
        ("终端操作错误", "The terminal failed"),
        ("创建、连接会话或调整尺寸失败", "Creating, attaching or resizing the session failed"),
        (
            "确认容器正在运行且命令存在，然后重新打开终端",
            "Check that the container runs and has the command, then open a new terminal",
        ),
    ),
    row(
        "INTERNAL_ERROR",
        500,
        ("内部服务器错误", "Something went wrong inside the server"),
        ("未预期的异常", "An unexpected exception"),
        ("凭请求编号联系管理员", "Tell the administrator the request id"),
    ),
)

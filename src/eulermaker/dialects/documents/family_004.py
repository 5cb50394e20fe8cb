"""The error reference of 004: users, API keys, AI, workflows."""

from eulermaker.dialects.documents.row import Detail, row

_FIELD = Detail("field", "string", "email")
_ISSUE = (_FIELD, Detail("issue", "string", "invalid_format"), Detail("message", "string", "邮箱格式不正确"))
_REASON = Detail("reason", "string", "token_expired")
_REQUIRED = Detail("requiredPermission", "string", "user:delete")
_HELD = Detail("userPermissions", "array", ["user:read", "user:write"])
_QUOTA = (Detail("limit", "integer", 100), Detail("remaining", "integer", 0), Detail("reset", "moment"))
_MODEL = Detail("model", "string", "gpt-4")
_WORKFLOW = Detail("workflowId", "string", "workflow-123")

_COMMON = (
    row(
        "E000", 500, ("服务器内部错误", "Something went wrong inside the server"),
        ("未预期的异常", "An unexpected exception"),
        (
            "稍后重试；若持续出现，请凭请求编号联系技术支持",
            "Try again later; if it stays, tell support the request id",
        ),
        Detail("errorId", "string", "req_0123456789ab"), Detail("timestamp", "moment"),
    ),
    row(
        "E001", 404, ("资源不存在", "There is no such resource"),
        ("资源未知或已删除", "The resource is unknown or was deleted"),
        ("检查资源编号和路径", "Check the resource's id and the path"),
        Detail("resource", "string", "user"), Detail("resourceId", "string", "user-123"),
    ),
    row(
        "E002", 400, ("请求参数错误", "A parameter is wrong"),
        ("参数格式错误或缺失", "A parameter is malformed or missing"),
        ("检查参数的格式，补全必需的参数", "Check the parameters' form, and add what is missing"),
        *_ISSUE,
    ),
    row(
        "E003", 401, ("未授权", "You are not signed in"),
        ("没有凭据", "No credentials were sent"),
        ("登录并携带令牌，或使用 API Key", "Sign in and send the token, or use an API key"),
        Detail("reason", "string", "token_missing"),
    ),
    row(
        "E004", 403, ("禁止访问", "Access is denied"),
        ("策略拒绝了请求", "A policy denies it"),
        ("联系管理员", "Ask an administrator"),
        _REQUIRED, _HELD,
    ),
    row(
        "E005", 409, ("资源冲突", "The resource conflicts with another one"),
        ("唯一字段重复", "A unique field clashes"),
        ("为冲突的字段换一个值", "Choose another value for the field that clashes"),
        _FIELD, Detail("value", "string", "user@example.com"),
        Detail("conflict", "string", "email_already_exists"),
    ),
    row(
        "E006", 422, ("请求参数验证失败", "The request fails validation"),
        ("请求体不符合模式", "The body fails its schema"),
        ("修正 errors 中的字段后重新提交", "Correct the fields named in errors, then send it again"),
        Detail("errors", "array", [{"field": "password", "message": "密码至少8个字符"}]),
    ),
    row(
        "E007", 429, ("请求过于频繁", "Too many requests"),
        ("超过速率限制", "The rate limit is spent"),
        ("等到 reset 之后再试", "Wait until reset, then try again"),
        *_QUOTA, retry_after=60,
    ),
)  # fmt: skip

_SIGNING_IN = (
    row(
        "E100", 401, ("Token无效或过期", "The token is not valid or has expired"),
        ("令牌过期或伪造", "The token has expired or is forged"),
        ("刷新令牌或重新登录", "Refresh the token, or sign in again"),
        _REASON,
    ),
    row(
        "E101", 401, ("Token格式错误", "The token's form is wrong"),
        ("Authorization 头不是 Bearer <token>", "The Authorization header is not `Bearer <token>`"),
        ("按 expectedFormat 携带令牌", "Send the token as expectedFormat says"),
        Detail("expectedFormat", "string", "Bearer <token>"),
    ),
    row(
        "E102", 401, ("API Key无效", "The API key is not valid"),
        ("API Key 未知或已吊销", "The key is unknown or was revoked"),
        ("检查或重新生成 API Key", "Check the key, or make a new one"),
        Detail("apiKey", "string", "emk_abc123..."),
    ),
    row(
        "E103", 401, ("API Key已过期", "The API key has expired"),
        ("API Key 超过有效期", "The key is past its expiry"),
        ("轮换 API Key", "Rotate the key"),
        Detail("expiredAt", "moment"),
    ),
    row(
        "E104", 401, ("用户名或密码错误", "The user name or the password is wrong"),
        ("凭据错误", "The credentials are wrong"),
        ("检查用户名和密码，或重置密码", "Check both, or reset the password"),
        Detail("remainingAttempts", "integer", 4), Detail("lockoutTime", "moment", None),
    ),
    row(
        "E105", 401, ("账户已被锁定", "The account is locked"),
        ("多次登录失败", "Too many sign-ins failed"),
        ("等待锁定结束，或重置密码", "Wait until the lock ends, or reset the password"),
        Detail("lockoutTime", "moment"), Detail("remainingTime", "integer", 900),
    ),
)  # fmt: skip

_USERS = (
    row(
        "E200", 404, ("用户不存在", "There is no such user"),
        ("用户编号未知", "The user's id is unknown"),
        ("检查用户编号", "Check the user's id"),
        Detail("userId", "string", "user-123"),
    ),
    row(
        "E201", 409, ("邮箱已存在", "The e-mail address is taken"),
        ("邮箱已被使用", "Somebody uses the address"),
        ("换一个邮箱，或重置密码", "Use another address, or reset the password"),
        Detail("email", "string", "user@example.com"),
    ),
    row(
        "E202", 409, ("用户名已存在", "The user name is taken"),
        ("用户名已被使用", "Somebody has the name"),
        ("换一个用户名", "Choose another name"),
        Detail("username", "string", "johndoe"),
    ),
    row(
        "E203", 403, ("权限不足", "The permission is lacking"),
        ("角色没有该权限", "The role lacks the permission"),
        ("向管理员申请权限", "Ask an administrator for it"),
        _REQUIRED, Detail("userRole", "string", "user"), _HELD,
    ),
    row(
        "E204", 403, ("账户已被禁用", "The account is disabled"),
        ("管理员禁用了账户", "An administrator disabled the account"),
        ("联系管理员", "Ask an administrator"),
        Detail("disabledAt", "moment"), Detail("reason", "string", "violation_of_terms"),
    ),
)  # fmt: skip

_AI = (
    row(
        "E300", 503, ("AI服务不可用", "The AI service is not available"),
        ("服务方停机或维护中", "The provider is down or in maintenance"),
        ("稍后重试，或换一个模型", "Try again later, or use another model"),
        _MODEL, Detail("reason", "string", "maintenance"), Detail("estimatedRecoveryTime", "moment"),
        retry_after=60,
    ),
    row(
        "E301", 400, ("AI请求参数错误", "A parameter of the AI request is wrong"),
        ("消息为空、角色错误或上下文过长", "No messages, a bad role, or too long a context"),
        ("修正后重试", "Correct it, then try again"),
        Detail("field", "string", "messages"), Detail("issue", "string", "empty_array"),
        Detail("message", "string", "消息数组不能为空"),
    ),
    row(
        "E302", 429, ("AI请求过于频繁", "Too many AI requests"),
        ("AI 配额用尽，或上游返回 429", "The quota is spent, or the provider answers 429"),
        ("等到 reset 之后再试", "Wait until reset, then try again"),
        *_QUOTA, retry_after=60,
    ),
    row(
        "E303", 500, ("AI模型加载失败", "The AI model could not be loaded"),
        ("模型未知或无法加载", "The model is unknown or can't be loaded"),
        ("检查模型名称", "Check the model's name"),
        _MODEL, Detail("error", "string", "model_not_found"),
    ),
    row(
        "E304", 504, ("AI推理超时", "The inference took too long"),
        ("超过时限", "The deadline passed"),
        (
            "缩短输入、减少 maxTokens，或换更快的模型",
            "Shorten the input, lower maxTokens, or use a faster model",
        ),
        Detail("timeout", "integer", 30), _MODEL,
        retry_after=10,
    ),
)  # fmt: skip

_WORKFLOWS = (
    row(
        "E400", 404, ("工作流不存在", "There is no such workflow"),
        ("工作流未知", "The workflow is unknown"),
        ("检查工作流编号", "Check the workflow's id"),
        _WORKFLOW,
    ),
    row(
        "E401", 500, ("工作流执行失败", "The workflow failed"),
        ("同步执行中某一步用尽了重试", "A step of a synchronous run exhausted its retries"),
        ("查看执行日志，修正后重新执行", "Read the run's log, mend the step, and run it again"),
        _WORKFLOW, Detail("executionId", "string", "exec-456"), Detail("step", "string", "ai-inference"),
        Detail("error", "string", "model_not_available"),
    ),
    row(
        "E402", 400, ("工作流验证失败", "The workflow fails validation"),
        ("缺少字段、连接错误或存在环", "A field is missing, a connection is wrong, or there is a cycle"),
        ("修正 errors 中的步骤", "Correct the steps named in errors"),
        Detail("errors", "array", [{"step": "step-1", "error": "missing_required_field", "field": "model"}]),
    ),
)  # fmt: skip

_DATA = (
    row(
        "E500", 500, ("数据库连接失败", "The database can't be reached"),
        ("数据库无法访问", "The database is unreachable"),
        ("稍后重试", "Try again shortly"),
        Detail("database", "string", "redacted"), Detail("host", "string", "redacted"),
        Detail("port", "string", "redacted"),
        retry_after=2,
    ),
    row(
        "E501", 500, ("数据库查询失败", "A query failed"),
        ("语句执行失败", "A statement fails"),
        ("凭请求编号联系技术支持", "Tell support the request id"),
        Detail("query", "string", "redacted"), Detail("error", "string", "redacted"),
    ),
    row(
        "E502", 400, ("数据验证失败", "The data was refused"),
        ("存储拒绝了某个值", "The storage rejects a value"),
        ("修正该字段后重试", "Correct the field, then try again"),
        _FIELD, Detail("value", "string", "invalid-email"), Detail("error", "string", "invalid_email_format"),
    ),
)  # fmt: skip

_SYSTEM = (
    row(
        "E900", 503, ("系统维护中", "The system is under maintenance"),
        ("维护模式已开启", "Maintenance mode is on"),
        ("维护结束后重试", "Try again when it is over"),
        Detail("maintenanceType", "string", "scheduled"), Detail("estimatedEndTime", "moment"),
        Detail("message", "string", "系统正在进行计划维护"),
        retry_after=60,
    ),
    row(
        "E901", 503, ("系统过载", "The server is overloaded"),
        ("为减轻负载拒绝了请求", "Load is shed"),
        ("按 retryAfter 退避后重试", "Back off as retryAfter says, then try again"),
        Detail("currentLoad", "number", 95), Detail("retryAfter", "integer", 60),
        retry_after=5,
    ),
    row(
        "E902", 500, ("配置错误", "The configuration is wrong"),
        ("运行时发现无效的设置", "An invalid setting was found at run time"),
        ("请管理员修正配置", "Ask the administrator to correct it"),
        Detail("configKey", "string", "AI_MODEL_ENDPOINT"), Detail("configValue", "string", "redacted"),
        Detail("error", "string", "invalid_endpoint"),
    ),
)  # fmt: skip

ROWS = (*_COMMON, *_SIGNING_IN, *_USERS, *_AI, *_WORKFLOWS, *_DATA, *_SYSTEM)

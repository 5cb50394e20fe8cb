"""The error reference of 002: sign-in, tenants, organizations, energy; its codes are Chinese texts."""

from eulermaker.dialects.documents.row import Detail, Pair, Row, row


def _row(
    text: str, status: int, english: str, cause: Pair, remedy: Pair, *, retry_after: int | None = None
) -> Row:
    return row(text, status, (text, english), cause, remedy, retry_after=retry_after)


ROWS = (
    _row(
        "邮箱或密码错误",
        401,
        "The e-mail address or the password is wrong",
        ("邮箱未注册或密码错误", "The address is unknown, or the password is wrong"),
        ("检查邮箱和密码，或重置密码", "Check both, or reset the password"),
    ),
    _row(
        "账户已被锁定",
        403,
        "The account is locked",
        ("连续五次登录失败，锁定 30 分钟", "Five sign-ins failed in a row; it is locked for 30 minutes"),
        ("等待 30 分钟后重试，或重置密码", "Wait for 30 minutes, or reset the password"),
    ),
    _row(
        "该邮箱已注册",
        409,
        "The e-mail address is registered already",
        ("注册时使用了已被占用的邮箱", "Somebody registered with this address before"),
        ("直接登录，或找回密码", "Sign in, or reset the password"),
    ),
    _row(
        "Token 已过期",
        401,
        "The token has expired",
        ("访问令牌已超过有效期", "The access token is past its expiry"),
        ("刷新令牌或重新登录", "Refresh the token, or sign in again"),
    ),
    _row(
        "无效 Token",
        401,
        "The token is not valid",
        ("令牌签名验证失败", "The token's signature does not verify"),
        ("清除保存的令牌并重新登录", "Forget the token and sign in again"),
    ),
    _row(
        "租户不存在",
        404,
        "There is no such tenant",
        ("tenant_id 无效", "The tenant_id is unknown"),
        ("检查租户编号", "Check the tenant's id"),
    ),
    _row(
        "租户名称已存在",
        409,
        "The tenant's name is taken",
        ("创建或改名时名称重复", "Another tenant has this name"),
        ("换一个名称", "Choose another name"),
    ),
    _row(
        "租户订阅已过期",
        403,
        "The tenant's subscription has ended",
        ("订阅到期后仍尝试写入", "A write came after the subscription's end"),
        ("续订后重试", "Renew the subscription, then try again"),
    ),
    _row(
        "组织不存在",
        404,
        "There is no such organization",
        ("组织编号无效", "The organization's id is unknown"),
        ("检查组织编号", "Check the organization's id"),
    ),
    _row(
        "权限不足",
        403,
        "You may not do this",
        ("调用者不是管理员", "The caller is no administrator"),
        ("联系管理员", "Ask an administrator"),
    ),
    _row(
        "数据源未连接",
        503,
        "No source of energy data is connected",
        ("没有在线的能源数据采集器", "No collector of energy data is live"),
        ("检查采集器后重试", "Check the collector, then try again"),
        retry_after=30,
    ),
    _row(
        "时间范围无效",
        400,
        "The range of time is not valid",
        (
            "开始不早于结束、无法解析，或跨度过大",
            "The start is not before the end, can't be read, or the span is too long",
        ),
        ("修正开始和结束时间", "Correct the start and the end"),
    ),
    _row(
        "请求过于频繁，请稍后重试",
        429,
        "Too many requests; try again later",
        ("触发通用限流", "The general rate limit is spent"),
        ("按 Retry-After 等待后重试", "Wait as Retry-After says, then try again"),
        retry_after=60,
    ),
    _row(
        "登录尝试过多",
        429,
        "Too many attempts to sign in",
        ("触发登录限流", "The rate limit of sign-ins is spent"),
        ("按 Retry-After 等待后重试", "Wait as Retry-After says, then try again"),
        retry_after=60,
    ),
    row(
        "请求参数无效",
        422,
        ("请求参数校验失败", "The request fails validation"),
        ("请求体或查询参数未通过校验", "The body or the query fails validation"),
        (
            "把 detail[0].msg 展示给用户，按 loc 修正字段",
            "Show detail[0].msg, and correct the fields named in loc",
        ),
        Detail("loc", "array", ["body", "email"]),
        Detail("msg", "string", "value is not a valid email address"),
        Detail("type", "string", "value_error.email"),
        message="[{loc, msg, type}]",
        label="(validation)",
    ),
)

"""The error reference of 003: accounts, MFA, OAuth, tenants' profiles, billing, agents."""

from eulermaker.dialects.documents.row import Detail, Pair, Row, row


def _row(
    code: str,
    status: int,
    message: str,
    meaning: str,
    cause: Pair,
    remedy: Pair,
    *details: Detail,
    label: str = "",
    retry_after: int | None = None,
) -> Row:
    """A row of a document in English: its message is the English meaning."""
    english = message[0].upper() + message[1:]
    return row(
        code,
        status,
        (meaning, english),
        cause,
        remedy,
        *details,
        message=message,
        label=label,
        retry_after=retry_after,
    )


_SIGN_IN = ("重新登录", "Sign in again")
_LATER = (
    "稍后重试；若持续出现，请凭请求编号联系管理员",
    "Try again later; if it stays, tell the administrator the request id",
)
_SETTINGS = ("请管理员完成相应的配置", "Ask the administrator to configure it")
_MAIL = (
    "稍后重试；若持续出现，请管理员检查 SMTP 配置",
    "Try again later; if it stays, the administrator should check SMTP",
)
_PROVIDER = (
    "稍后重新登录；若持续出现，请管理员检查该登录方式的配置",
    "Sign in again later; if it stays, the administrator should check the provider's settings",
)
_RFC3339 = (
    "使用 RFC 3339 时间，例如 2026-02-03T12:00:00Z",
    "Send an RFC 3339 time, such as 2026-02-03T12:00:00Z",
)
_STORE = ("存储读写失败", "The store failed")

_SESSIONS = (
    _row(
        "credentials_in_query", 400, "credentials sent in the query string", "凭据被放在了查询字符串中",
        ("查询参数中含有密码或令牌", "A password or a token is among the query's parameters"),
        (
            "把凭据放进请求体或 Authorization 头，并更换已泄露的凭据",
            "Send credentials in the body or the Authorization header, and change what was exposed",
        ),
    ),
    _row(
        "missing_credentials", 400, "login or registration fields are missing", "缺少登录或注册所需的字段",
        ("必填字段为空", "A required field is absent"),
        ("补全字段后重试", "Fill in the missing fields, then try again"),
    ),
    _row(
        "user_not_found", 404, "no user matches", "没有匹配的用户",
        ("标识未知，或会话对应的用户已不存在", "The identifier is unknown, or the session's user is gone"),
        ("检查用户标识", "Check the identifier"),
    ),
    _row(
        "invalid_credentials", 401, "password verification failed", "密码校验失败",
        ("密码错误", "The password is wrong"),
        ("检查后重试，或重置密码", "Check it and try again, or reset the password"),
    ),
    _row(
        "email_not_verified", 401, "email is not verified", "邮箱尚未验证",
        ("验证邮箱前登录，或通过 OAuth 登录", "A sign-in, or one by OAuth, came before the verification"),
        (
            "用邮件中的验证码完成验证后再登录",
            "Verify the address with the code from the e-mail, then sign in",
        ),
    ),
    _row(
        "session_token_required", 401, "a session token is required", "需要会话令牌",
        ("请求没有携带令牌", "The request carries no token"),
        ("登录后在 Authorization 头中携带令牌", "Sign in and send the token in the Authorization header"),
    ),
    _row(
        "invalid_session", 401, "session unknown or expired", "会话不存在或已过期",
        ("会话令牌错误或已过期", "The session token is wrong or has expired"), _SIGN_IN,
    ),
    _row(
        "session_user_lookup_failed", 500, "session user could not be loaded", "无法加载会话对应的用户",
        ("存储失败，或用户记录缺失", "The store fails, or the user's row is gone"), _LATER,
    ),
    _row(
        "invalid_request", 400, "invalid request body", "请求体无效",
        ("JSON 无法解析或不完整", "The JSON can't be parsed or is incomplete"),
        ("检查请求体的格式和字段", "Check the body's syntax and fields"),
    ),
    _row(
        "invalid_email", 400, "invalid e-mail address", "邮箱地址无效",
        ("地址语法错误", "The address's syntax is wrong"),
        ("检查邮箱地址", "Check the address"),
    ),
    _row(
        "password_too_short", 400, "password is too short", "密码过短",
        ("短于最小长度", "It is shorter than the minimum"),
        ("使用至少 8 个字符的密码", "Choose a password of 8 characters or more"),
    ),
    _row(
        "missing authorization header", 401, "missing authorization header", "缺少 Authorization 头",
        ("只接受 Bearer 令牌的接口没有收到该头", "A bearer-only route got no such header"),
        ("携带 Authorization: Bearer <token>", "Send `Authorization: Bearer <token>`"),
    ),
    _row(
        "invalid or expired token", 401, "invalid or expired token", "令牌无效或已过期",
        ("只接受 Bearer 令牌的接口收到错误的令牌", "A bearer-only route got a bad token"),
        ("刷新令牌或重新登录", "Refresh the token, or sign in again"),
    ),
    _row(
        "missing service token", 401, "missing service token", "缺少服务令牌",
        ("内部接口没有收到服务令牌", "An internal route got no service token"),
        ("携带配置中的服务令牌", "Send the configured service token"),
    ),
)  # fmt: skip

_MFA = (
    _row(
        "mfa_ticket_required", 400, "MFA ticket is required", "需要 MFA 票据",
        ("完成登录验证时没有票据", "The completion of a sign-in came without its ticket"),
        ("带上登录响应中的 mfaTicket", "Send the mfaTicket of the sign-in's answer"),
    ),
    _row(
        "mfa_code_required", 400, "TOTP code is required", "需要 TOTP 验证码",
        ("没有验证码", "No code was sent"),
        ("输入身份验证器中的六位验证码", "Send the six digits that the authenticator shows"),
    ),
    _row(
        "invalid_mfa_ticket", 401, "login challenge is invalid or expired", "登录验证无效或已过期",
        ("登录票据未知或过期", "The sign-in's challenge is unknown or has expired"), _SIGN_IN,
    ),
    _row(
        "invalid_mfa_token", 401, "provisioning token is invalid or expired", "绑定令牌无效或已过期",
        ("绑定令牌未知或过期", "The provisioning token is unknown or has expired"),
        ("重新开始绑定", "Begin the provisioning again"),
    ),
    _row(
        "invalid_mfa_code", 401, "TOTP code is wrong", "TOTP 验证码错误",
        (
            "验证码错误或已使用；校验过程本身出错时为 500",
            "The code is wrong or was used; 500 when the verifier itself fails",
        ),
        (
            "等待下一个验证码；确认手机时间准确",
            "Wait for the next code; check that the phone's clock is right",
        ),
    ),
    _row(
        "mfa_challenge_locked", 429, "too many wrong codes", "验证码错误次数过多",
        ("连续五次错误", "Five codes in a row were wrong"),
        ("等到 retryAt 之后再试", "Wait until retryAt, then try again"),
        Detail("retryAt", "moment"),
        Detail("mfaToken", "string", "mfa_4d1e0c"),
        retry_after=300,
    ),
    _row(
        "mfa_not_enabled", 400, "MFA is not enabled", "未启用 MFA",
        ("未启用时验证或停用", "A verification or a disabling came while MFA is off"),
        ("先启用 MFA", "Enable MFA first"),
    ),
)  # fmt: skip

_REGISTRATION = (
    _row(
        "verification_required", 400, "verification code is required", "需要邮箱验证码",
        ("开启验证时注册没有带验证码", "A registration came without a code while verification is on"),
        ("先获取并填写邮件中的验证码", "Ask for a code and send the one from the e-mail"),
    ),
    _row(
        "invalid_code", 400, "verification code is wrong or expired", "验证码错误或已过期",
        ("邮件验证码错误或过期", "The code from the e-mail is wrong or has expired"),
        ("重新获取验证码", "Ask for a new code"),
    ),
    _row(
        "verification_failed", 500, "verification could not be completed", "无法完成验证",
        ("邮件投递或用户更新失败", "The e-mail's delivery or the user's update failed"), _MAIL,
        retry_after=30,
    ),
    _row(
        "email_already_exists", 409, "e-mail already exists", "邮箱已存在",
        ("注册或重新验证已被占用的邮箱", "The address to register or verify is taken"),
        ("换一个邮箱，或直接登录", "Use another address, or sign in"),
    ),
    _row(
        "name_already_exists", 409, "name already exists", "用户名已存在",
        ("注册了已被占用的用户名", "The user name to register is taken"),
        ("换一个用户名", "Choose another name"),
    ),
    _row(
        "password_reset_failed", 500, "password reset failed", "密码重置失败",
        ("邮件投递或用户更新失败", "The e-mail's delivery or the user's update failed"), _MAIL,
        retry_after=30,
    ),
    _row(
        "invalid_token", 400, "reset token is invalid or expired", "重置令牌无效或已过期",
        ("重置令牌错误或已使用", "The reset token is wrong or was used"),
        ("重新申请重置密码", "Ask for a new reset"),
    ),
)  # fmt: skip

_OAUTH = (
    _row(
        "provider_not_found", 404, "OAuth provider is not registered", "没有这个 OAuth 登录方式",
        ("登录方式未配置", "The provider is unknown"),
        ("换一种登录方式，或请管理员配置", "Use another provider, or ask the administrator to configure it"),
    ),
    _row(
        "code_missing", 400, "callback lacks a code", "回调缺少 code",
        ("OAuth 回调没有 code 参数", "The OAuth callback has no code"),
        ("重新发起登录", "Begin the sign-in again"),
    ),
    _row(
        "oauth_exchange_failed", 500, "provider code exchange failed", "与登录方交换令牌失败",
        ("令牌端点出错", "The provider's token endpoint failed"), _PROVIDER,
    ),
    _row(
        "fetch_profile_failed", 500, "provider profile could not be read", "无法读取登录方的用户资料",
        ("用户信息端点出错", "The provider's userinfo failed"), _PROVIDER,
    ),
    _row(
        "invalid_exchange_code", 401, "exchange code is invalid or used", "兑换码无效或已使用",
        ("一次性兑换码重复使用或已过期", "The one-time code was used or has expired"), _SIGN_IN,
    ),
    _row(
        "token_service_unavailable", 503, "token service is not enabled", "令牌服务未启用",
        ("令牌签发已关闭", "Issuing tokens is switched off"), _SETTINGS,
    ),
    _row(
        "invalid_refresh_token", 401, "refresh token is invalid or expired", "刷新令牌无效或已过期",
        ("刷新令牌过期或被重复使用", "The refresh token has expired or was used before"), _SIGN_IN,
    ),
)  # fmt: skip

_ADMINISTRATION = (
    _row(
        "forbidden", 403, "permission denied", "权限不足",
        ("缺少所需的权限", "The permission is lacking"),
        ("向管理员申请权限", "Ask an administrator for it"),
    ),
    _row(
        "root_only", 403, "only root may do this", "只有 root 可以执行",
        ("非 root 用户绑定、扮演或初始化", "Somebody else than root binds, assumes or bootstraps"),
        ("使用 root 账户", "Do it as root"),
    ),
    _row(
        "root_email_enforced", 403, "root role is restricted to the root e-mail", "root 角色仅限 root 邮箱",
        ("为其他邮箱授予 root 角色", "The root role was asked for another address"),
        ("使用其他角色", "Use another role"),
    ),
    _row(
        "metrics_unavailable", 503, "metrics provider is missing or failed", "指标来源缺失或失败",
        ("没有用户指标的来源", "There is no provider of users' metrics"), _LATER, retry_after=30,
    ),
    _row(
        "read_only_account", 403, "read-only account", "只读账户",
        ("演示账户尝试写入", "A demo account writes"),
        ("使用可写的账户", "Use an account that may write"),
    ),
    _row(
        "account_suspended", 403, "account is suspended", "账户已被暂停",
        ("被暂停的账户使用会话", "A paused account uses a session"),
        ("联系管理员恢复账户", "Ask an administrator to resume the account"),
    ),
    _row(
        "settings_conflict", 409, "admin settings were changed by someone else", "管理设置已被他人修改",
        ("提交的 version 已过时", "The version sent is stale"),
        (
            "按返回的 version 和 matrix 重新修改后提交",
            "Make the change again on the version and matrix returned",
        ),
        Detail("version", "integer", 8),
        Detail("matrix", "object", {"users:write": {"admin": True, "operator": False}}),
        label="(settings conflict)",
    ),
)  # fmt: skip

_XWORKMATE = (
    _row(
        "xworkmate_vault_unavailable", 503, "no secret backend", "没有密钥后端",
        ("密钥后端未配置", "The secret backend is not configured"), _SETTINGS,
    ),
    _row(
        "tenant_membership_required", 403, "tenant membership required", "需要租户成员身份",
        ("调用者不是该租户的成员", "The caller is not a member"),
        ("请租户管理员邀请您加入", "Ask the tenant's administrator for an invitation"),
    ),
    _row(
        "tenant_not_found", 404, "tenant not found", "租户不存在",
        ("域名没有对应的租户", "The host resolves to no tenant"),
        ("检查访问的域名", "Check the host name"),
    ),
    _row(
        "xworkmate_profile_forbidden", 403, "integration profile may not be changed", "不能修改集成配置",
        ("成员尝试修改租户配置", "A member edits the tenant's profile"),
        ("请租户管理员修改", "Ask the tenant's administrator"),
    ),
    _row(
        "token_persistence_forbidden", 400,
        "raw secrets may not be stored in a profile", "配置中不能保存明文密钥",
        ("请求体含有令牌、密码或密钥", "The body carries a token, a password or a key"),
        ("改用密钥接口保存", "Keep them with the secrets' own routes"),
    ),
    _row(
        "xworkmate_secret_unknown_target", 400, "unknown secret target", "未知的密钥目标",
        ("目标不在允许的范围内", "The target is outside the allowed set"),
        ("使用文档列出的目标", "Use a target that the reference lists"),
    ),
    _row(
        "xworkmate_secret_write_failed", 500, "secret write failed", "密钥写入失败",
        ("后端拒绝写入", "The backend refuses the write"), _LATER,
    ),
    _row(
        "xworkmate_secret_delete_failed", 500, "secret delete failed", "密钥删除失败",
        ("后端拒绝删除", "The backend refuses the delete"), _LATER,
    ),
)  # fmt: skip

_BILLING = (
    _row(
        "subscription_not_found", 404, "subscription not found", "订阅不存在",
        ("取消了不存在的订阅", "An unknown subscription was to be cancelled"),
        ("检查订阅编号", "Check the subscription's id"),
    ),
    _row(
        "subscription_upsert_failed", 500, "subscription could not be saved", "订阅保存失败", _STORE, _LATER,
    ),
    _row(
        "stripe_cancel_failed", 502, "Stripe cancellation failed", "Stripe 取消失败",
        ("Stripe 返回错误", "Stripe answers an error"), _LATER, retry_after=30,
    ),
    _row(
        "usage_summary_unavailable", 500, "usage summary unavailable", "用量汇总不可用",
        ("读取用量失败", "Reading the usage failed"), _LATER,
    ),
    _row(
        "invalid_start", 400, "start is not RFC 3339", "开始时间不是 RFC 3339 格式",
        ("start 参数错误", "The start can't be read"), _RFC3339,
    ),
    _row(
        "invalid_end", 400, "end is not RFC 3339", "结束时间不是 RFC 3339 格式",
        ("end 参数错误", "The end can't be read"), _RFC3339,
    ),
    _row(
        "policy_not_found", 404, "no policy snapshot", "没有策略快照",
        ("账户没有策略", "The account has no policy"),
        ("等待策略生成，或联系管理员", "Wait until a policy is made, or ask an administrator"),
    ),
    _row(
        "collector_status_unavailable", 500, "collector status unavailable", "采集器状态不可用",
        ("读取采集器状态失败", "Reading the collector's state failed"), _LATER,
    ),
    _row(
        "scheduler_status_unavailable", 500, "scheduler status unavailable", "调度器状态不可用",
        ("读取调度器状态失败", "Reading the scheduler's state failed"), _LATER,
    ),
)  # fmt: skip

_AGENTS = (
    _row(
        "missing_token", 401, "agent token is missing", "缺少代理令牌",
        ("代理接口没有收到令牌", "An agent's route got no token"),
        ("携带代理令牌", "Send the agent's token"),
    ),
    _row(
        "invalid_token", 401, "agent token is invalid", "代理令牌无效",
        ("代理接口收到错误的令牌", "An agent's route got a bad token"),
        ("检查或更换代理令牌", "Check the agent's token, or renew it"),
        label="invalid_token (agent)",
    ),
    _row(
        "agent_registry_unavailable", 503, "agent registry is not available", "代理注册表不可用",
        ("没有代理注册表", "There is no registry"), _LATER, retry_after=30,
    ),
    _row("list_users_failed", 500, "users could not be listed", "无法列出用户", _STORE, _LATER),
    _row(
        "store_not_configured", 503, "store is not configured", "存储未配置",
        ("没有配置存储", "There is no store"), _SETTINGS,
    ),
    _row(
        "store_unavailable", 503, "store is unavailable", "存储不可用",
        ("存储无法访问", "The store is unreachable"), _LATER, retry_after=2,
    ),
    _row(
        "sandbox_missing", 404, "sandbox user does not exist", "沙箱用户不存在",
        ("没有沙箱用户", "There is no sandbox user"),
        ("请管理员创建沙箱用户", "Ask an administrator to create it"),
    ),
)  # fmt: skip

ROWS = (*_SESSIONS, *_MFA, *_REGISTRATION, *_OAUTH, *_ADMINISTRATION, *_XWORKMATE, *_BILLING, *_AGENTS)

"""What accounts can answer: signing in, second factors, registration, keys, administration."""

from eulermaker.kernel.faults import Answer, Entry, Kind, documented

_FORBIDDEN_002 = documented(403, "权限不足")

WRONG_CREDENTIALS = Entry(
    "wrong-credentials",
    Kind.UNAUTHENTICATED,
    zh="用户名或密码错误，请检查后重试",
    en="The user name or the password is wrong; check both and try again",
    answers={
        "002": documented(401, "邮箱或密码错误"),
        "003": documented(401, "invalid_credentials"),
        "004": documented(401, "E104"),
    },
)
ACCOUNT_LOCKED = Entry(
    "account-locked",
    Kind.FORBIDDEN,
    zh="账户因多次登录失败已被锁定，请在 {minutes} 分钟后重试，或重置密码",
    en="Too many failed attempts: the account is locked for {minutes} minutes; wait, or reset the password",
    answers={
        "002": documented(403, "账户已被锁定"),
        "003": Answer(429, "account_locked"),
        "004": documented(401, "E105"),
    },
)
ACCOUNT_SUSPENDED = Entry(
    "account-suspended",
    Kind.FORBIDDEN,
    zh="账户已被停用，请联系管理员",
    en="The account is suspended; ask an administrator",
    answers={
        "002": _FORBIDDEN_002,
        "003": documented(403, "account_suspended"),
        "004": documented(403, "E204"),
    },
)
EMAIL_NOT_VERIFIED = Entry(
    "email-not-verified",
    Kind.UNAUTHENTICATED,
    zh="邮箱尚未验证，请先输入邮件中的验证码",
    en="The e-mail address is not verified; enter the code from the e-mail first",
    answers={"002": documented(401, "邮箱或密码错误"), "003": documented(401, "email_not_verified")},
)
UNKNOWN_USER = Entry(
    "user-unknown",
    Kind.NOT_FOUND,
    zh="没有该用户，请检查用户名或邮箱",
    en="There is no such user; check the user name or the address",
    answers={"003": documented(404, "user_not_found"), "004": documented(404, "E200")},
)
TOKEN_MISSING = Entry(
    "token-missing",
    Kind.UNAUTHENTICATED,
    zh="未提供访问令牌，请先登录并在 Authorization 头中携带 Bearer 令牌",
    en="No access token was sent; sign in and send it as `Authorization: Bearer <token>`",
    answers={
        "003": documented(401, "session_token_required"),
        "004": documented(401, "E003"),
    },
)
AUTHORIZATION_MISSING = Entry(
    "authorization-missing",
    Kind.UNAUTHENTICATED,
    zh="缺少 Authorization 头，请携带 Bearer 令牌或 X-API-Key",
    en="There is no Authorization header; send a bearer token, or X-API-Key",
    answers={"003": documented(401, "missing authorization header")},
)
TOKEN_MALFORMED = Entry(
    "token-malformed",
    Kind.UNAUTHENTICATED,
    zh="Authorization 头格式错误，应为 Bearer <token>",
    en="The Authorization header must read `Bearer <token>`",
    answers={
        "003": documented(401, "invalid or expired token"),
        "004": documented(401, "E101"),
    },
)
_E100 = documented(401, "E100")
_NO_TOKEN_003 = documented(401, "invalid or expired token")
TOKEN_INVALID = Entry(
    "token-invalid",
    Kind.UNAUTHENTICATED,
    zh="访问令牌无效，请重新登录",
    en="The access token is not valid; sign in again",
    answers={
        "002": documented(401, "无效 Token"),
        "003": _NO_TOKEN_003,
        "004": _E100,
    },
)
TOKEN_EXPIRED = Entry(
    "token-expired",
    Kind.UNAUTHENTICATED,
    zh="访问令牌已过期，请刷新令牌或重新登录",
    en="The access token has expired; refresh it or sign in again",
    answers={
        "002": documented(401, "Token 已过期"),
        "003": _NO_TOKEN_003,
        "004": _E100,
    },
)
SESSION_ENDED = Entry(
    "session-ended",
    Kind.UNAUTHENTICATED,
    zh="会话已结束，请重新登录",
    en="The session has ended; sign in again",
    answers={
        "002": documented(401, "Token 已过期"),
        "003": documented(401, "invalid_session"),
        "004": _E100,
    },
)
SESSION_USER_LOST = Entry(
    "session-user-lost",
    Kind.INTERNAL,
    zh="会话有效，但无法读取其用户，请稍后重试或重新登录",
    en="The session holds, but its user could not be read; try again shortly or sign in again",
    answers={"003": documented(500, "session_user_lookup_failed")},
)
REFRESH_TOKEN_INVALID = Entry(
    "refresh-token-invalid",
    Kind.UNAUTHENTICATED,
    zh="刷新令牌无效或已使用，请重新登录",
    en="The refresh token is not valid or was used before; sign in again",
    answers={
        "002": documented(401, "无效 Token"),
        "003": documented(401, "invalid_refresh_token"),
        "004": _E100,
    },
)
REFRESH_OFF = Entry(
    "refresh-tokens-off",
    Kind.UNAVAILABLE,
    zh="服务器未启用刷新令牌，请重新登录；管理员可设置 accounts.refresh_tokens",
    en="Refresh tokens are off here; sign in again. The administrator can set accounts.refresh_tokens",
    answers={"003": documented(503, "token_service_unavailable")},
)
TICKET_INVALID = Entry(
    "ticket-invalid",
    Kind.UNAUTHENTICATED,
    zh="WebSocket 票据无效、已使用或已过期，请重新申请",
    en="The socket ticket is not valid, was used, or has expired; ask for a new one",
)
ORIGIN_REFUSED = Entry(
    "origin-refused",
    Kind.FORBIDDEN,
    zh="不允许从该来源打开 WebSocket，请管理员在 allowed_origins 中添加",
    en="Sockets may not be opened from this origin; the administrator can add it to allowed_origins",
)
SESSION_NOT_FOUND = Entry(
    "session-not-found",
    Kind.NOT_FOUND,
    zh="没有会话 {session}，可先列出会话",
    en="There is no session {session}; list the sessions first",
)
CREDENTIALS_IN_QUERY = Entry(
    "credentials-in-query",
    Kind.INVALID,
    zh="不能在查询参数中传递密码、令牌或验证码，请放入请求体",
    en="Passwords, tokens and codes may not be sent in the query string; put them into the body",
    answers={"003": documented(400, "credentials_in_query")},
)
MISSING_CREDENTIALS = Entry(
    "missing-credentials",
    Kind.INVALID,
    zh="缺少登录或注册所需的字段：{fields}",
    en="Fields that signing in or registering needs are missing: {fields}",
    answers={"003": documented(400, "missing_credentials")},
)
INVALID_EMAIL = Entry(
    "invalid-email",
    Kind.INVALID,
    zh="邮箱格式不正确，请检查后重试",
    en="That is no e-mail address; check it and try again",
    answers={"003": documented(400, "invalid_email")},
)
PASSWORD_TOO_SHORT = Entry(
    "password-too-short",
    Kind.INVALID,
    zh="密码至少需要 {length} 个字符",
    en="A password needs at least {length} characters",
    answers={"003": documented(400, "password_too_short")},
)

MFA_REQUIRED = Entry(
    "mfa-required",
    Kind.UNAUTHENTICATED,
    zh="此账户启用了两步验证，请附上身份验证器中的验证码 totp_code",
    en="This account has a second factor; send the authenticator's code as totp_code too",
)
MFA_TICKET_REQUIRED = Entry(
    "mfa-ticket-required",
    Kind.INVALID,
    zh="缺少登录挑战 mfa_ticket，请先登录",
    en="The challenge mfa_ticket is missing; sign in first",
    answers={"003": documented(400, "mfa_ticket_required")},
)
MFA_CODE_REQUIRED = Entry(
    "mfa-code-required",
    Kind.INVALID,
    zh="缺少验证码 code",
    en="The code is missing",
    answers={"003": documented(400, "mfa_code_required")},
)
INVALID_MFA_TICKET = Entry(
    "invalid-mfa-ticket",
    Kind.UNAUTHENTICATED,
    zh="登录挑战无效或已过期，请重新登录",
    en="The challenge is not valid or has expired; sign in again",
    answers={"003": documented(401, "invalid_mfa_ticket")},
)
INVALID_MFA_TOKEN = Entry(
    "invalid-mfa-token",
    Kind.UNAUTHENTICATED,
    zh="绑定令牌无效或已过期，请重新开始绑定身份验证器",
    en="The provisioning token is not valid or has expired; begin anew with the authenticator",
    answers={"003": documented(401, "invalid_mfa_token")},
)
INVALID_MFA_CODE = Entry(
    "invalid-mfa-code",
    Kind.UNAUTHENTICATED,
    zh="验证码错误或已使用，请等待下一个验证码后重试",
    en="The code is wrong or was used before; wait for the next one and try again",
    answers={"003": documented(401, "invalid_mfa_code")},
)
MFA_BROKEN = Entry(
    "mfa-broken",
    Kind.INTERNAL,
    zh="无法读取此账户的两步验证密钥，请联系管理员",
    en="The second factor's secret of this account cannot be read; tell the administrator",
    answers={"003": documented(500, "invalid_mfa_code")},
)
MFA_LOCKED = Entry(
    "mfa-challenge-locked",
    Kind.LIMITED,
    zh="验证码错误次数过多，请在 {seconds} 秒后重试",
    en="Too many wrong codes; try again in {seconds} s",
    answers={"003": documented(429, "mfa_challenge_locked")},
)
MFA_NOT_ENABLED = Entry(
    "mfa-not-enabled",
    Kind.INVALID,
    zh="此账户未启用两步验证",
    en="This account has no second factor",
    answers={"003": documented(400, "mfa_not_enabled")},
)

REGISTRATION_CLOSED = Entry(
    "registration-closed",
    Kind.FORBIDDEN,
    zh="服务器未开放注册，请向管理员申请账户",
    en="Registration is closed here; ask an administrator for an account",
    answers={"002": _FORBIDDEN_002},
)
INVITATION_REQUIRED = Entry(
    "invitation-required",
    Kind.FORBIDDEN,
    zh="注册需要有效的邀请，请向管理员索取 invitation",
    en="Registering needs a valid invitation; ask an administrator for one",
    answers={"002": _FORBIDDEN_002},
)
EMAIL_REFUSED = Entry(
    "email-refused",
    Kind.FORBIDDEN,
    zh="此邮箱或其域名不能用于注册，请换一个",
    en="This address, or its domain, may not be used here; take another",
    answers={"002": _FORBIDDEN_002},
)
VERIFICATION_REQUIRED = Entry(
    "verification-required",
    Kind.INVALID,
    zh="需要邮箱验证码，请先请求发送",
    en="The code from an e-mail is needed; have it sent first",
    answers={"003": documented(400, "verification_required")},
)
INVALID_CODE = Entry(
    "invalid-code",
    Kind.INVALID,
    zh="验证码错误或已过期，请检查或重新发送",
    en="The code is wrong or has expired; check it, or have a new one sent",
    answers={"003": documented(400, "invalid_code")},
)
VERIFICATION_FAILED = Entry(
    "verification-failed",
    Kind.UNAVAILABLE,
    zh="验证邮件未能发出，请稍后重试或联系管理员",
    en="The e-mail with the code could not be sent; try again later or tell the administrator",
    answers={"003": documented(500, "verification_failed")},
    retryable=True,
    retry_after=30,
)
EMAIL_TAKEN = Entry(
    "email-taken",
    Kind.CONFLICT,
    zh="该邮箱已注册，请直接登录或找回密码",
    en="This address has an account already; sign in, or reset the password",
    answers={
        "002": documented(409, "该邮箱已注册"),
        "003": documented(409, "email_already_exists"),
        "004": documented(409, "E201"),
    },
)
USERNAME_TAKEN = Entry(
    "username-taken",
    Kind.CONFLICT,
    zh="该用户名或与其极为相似的名称已被使用，请换一个",
    en="This user name, or one that looks like it, is taken; choose another",
    answers={
        "003": documented(409, "name_already_exists"),
        "004": documented(409, "E202"),
    },
)
TENANT_NAME_TAKEN = Entry(
    "tenant-name-taken",
    Kind.CONFLICT,
    zh="租户名称已存在，请换一个",
    en="A tenant has this name already; choose another",
    answers={"002": documented(409, "租户名称已存在")},
)
PASSWORD_RESET_FAILED = Entry(
    "password-reset-failed",
    Kind.UNAVAILABLE,
    zh="密码重置邮件未能发出，请稍后重试或联系管理员",
    en="The e-mail for the reset could not be sent; try again later or tell the administrator",
    answers={"003": documented(500, "password_reset_failed")},
    retryable=True,
    retry_after=30,
)
RESET_TOKEN_INVALID = Entry(
    "reset-token-invalid",
    Kind.INVALID,
    zh="重置令牌无效或已过期，请重新申请密码重置",
    en="The reset token is not valid or has expired; ask for a new one",
    answers={"003": documented(400, "invalid_token")},
)
MAIL_LIMITED = Entry(
    "mail-limited",
    Kind.LIMITED,
    zh="发往该邮箱的邮件过多，请在 {seconds} 秒后重试",
    en="Too many e-mails to this address; try again in {seconds} s",
    answers={"003": Answer(429, "rate_limited")},
    retryable=True,
)

PROVIDER_NOT_FOUND = Entry(
    "provider-not-found",
    Kind.NOT_FOUND,
    zh="未配置登录提供方 {provider}",
    en="No sign-in provider {provider} is set up here",
    answers={"003": documented(404, "provider_not_found")},
)
OAUTH_CODE_MISSING = Entry(
    "oauth-code-missing",
    Kind.INVALID,
    zh="回调缺少 code，请重新登录",
    en="The callback carries no code; sign in again",
    answers={"003": documented(400, "code_missing")},
)
OAUTH_STATE_INVALID = Entry(
    "oauth-state-invalid",
    Kind.INVALID,
    zh="登录状态无效、已过期或来自其他浏览器，请重新登录",
    en="The sign-in was not begun in this browser, or too long ago; begin anew",
)
OAUTH_EXCHANGE_FAILED = Entry(
    "oauth-exchange-failed",
    Kind.UNAVAILABLE,
    zh="登录提供方未能完成授权，请稍后重试",
    en="The sign-in provider did not complete the sign-in; try again later",
    answers={"003": documented(500, "oauth_exchange_failed")},
)
PROFILE_FAILED = Entry(
    "oauth-profile-failed",
    Kind.UNAVAILABLE,
    zh="无法从登录提供方读取用户资料，请稍后重试",
    en="The sign-in provider did not tell who you are; try again later",
    answers={"003": documented(500, "fetch_profile_failed")},
)
INVALID_EXCHANGE_CODE = Entry(
    "invalid-exchange-code",
    Kind.UNAUTHENTICATED,
    zh="交换码无效、已使用或已过期，请重新登录",
    en="The exchange code is not valid, was used, or has expired; sign in again",
    answers={"003": documented(401, "invalid_exchange_code")},
)

USER_NOT_FOUND = Entry(
    "user-not-found",
    Kind.NOT_FOUND,
    zh="用户 {user} 不存在，请检查 ID",
    en="There is no user {user}; check the id",
    answers={
        "003": documented(404, "user_not_found"),
        "004": documented(404, "E200"),
    },
)
ROOT_ONLY = Entry(
    "root-only",
    Kind.FORBIDDEN,
    zh="只有 root 可以授予、更改或移除 root",
    en="Only root may grant, change or remove root",
    answers={"002": _FORBIDDEN_002, "003": documented(403, "root_only")},
)
ROOT_EMAIL = Entry(
    "root-email-enforced",
    Kind.FORBIDDEN,
    zh="root 角色仅限设置 accounts.root_email 所指定的邮箱",
    en="The role root is for the address in the setting accounts.root_email alone",
    answers={"002": _FORBIDDEN_002, "003": documented(403, "root_email_enforced")},
)
LAST_ROOT = Entry(
    "last-root",
    Kind.CONFLICT,
    zh="这是最后一个可用的 root 账户，请先授予另一个用户 root 角色",
    en="This is the last root account in use; make somebody else root first",
)
READ_ONLY_ACCOUNT = Entry(
    "read-only-account",
    Kind.FORBIDDEN,
    zh="只读账户不能进行写操作",
    en="A read-only account can change nothing",
    answers={"002": _FORBIDDEN_002, "003": documented(403, "read_only_account")},
)
METRICS_UNAVAILABLE = Entry(
    "user-metrics-unavailable",
    Kind.UNAVAILABLE,
    zh="用户统计未启用或暂时无法读取，请稍后重试",
    en="Figures about users are switched off, or cannot be read for now; try again later",
    answers={"003": documented(503, "metrics_unavailable")},
)
SETTINGS_CONFLICT = Entry(
    "settings-conflict",
    Kind.CONFLICT,
    zh="设置已被他人修改，请基于当前版本 {version} 重试",
    en="The settings were changed by somebody else; try again on top of version {version}",
    answers={"003": Answer(409, "settings_conflict")},
)
BLACKLIST_MISSING = Entry(
    "blacklist-entry-not-found",
    Kind.NOT_FOUND,
    zh="黑名单中没有 {pattern}",
    en="{pattern} is not on the blacklist",
)

KEY_INVALID = Entry(
    "api-key-invalid",
    Kind.UNAUTHENTICATED,
    zh="API Key 无效或已吊销，请检查或重新创建",
    en="The API key is not valid or was revoked; check it or create a new one",
    answers={
        "003": _NO_TOKEN_003,
        "004": documented(401, "E102"),
    },
)
KEY_EXPIRED = Entry(
    "api-key-expired",
    Kind.UNAUTHENTICATED,
    zh="API Key 已过期，请轮换或重新创建",
    en="The API key has expired; create a new one",
    answers={
        "002": documented(401, "Token 已过期"),
        "003": _NO_TOKEN_003,
        "004": documented(401, "E103"),
    },
)
KEY_NOT_FOUND = Entry(
    "api-key-not-found",
    Kind.NOT_FOUND,
    zh="没有 API Key {key}，请检查 ID",
    en="There is no API key {key}; check the id",
)
KEY_NAME_TAKEN = Entry(
    "api-key-name-taken",
    Kind.CONFLICT,
    zh="已有同名的 API Key，请换一个名称",
    en="You have an API key of this name already; choose another",
)
KEY_LIMIT = Entry(
    "too-many-api-keys",
    Kind.CONFLICT,
    zh="API Key 已达上限 {limit} 个，请先删除不用的",
    en="You have {limit} API keys, which is the limit; delete one first",
)
SESSION_NEEDED = Entry(
    "session-needed",
    Kind.FORBIDDEN,
    zh="此操作不能使用 API Key，请登录后重试",
    en="An API key cannot do this; sign in",
    answers={"002": _FORBIDDEN_002},
)

ENTRIES = tuple(entry for entry in list(globals().values()) if isinstance(entry, Entry))

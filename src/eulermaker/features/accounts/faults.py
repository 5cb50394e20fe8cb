"""What signing in can answer."""

from eulermaker.kernel.faults import Entry, Kind, documented

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
TOKEN_INVALID = Entry(
    "token-invalid",
    Kind.UNAUTHENTICATED,
    zh="访问令牌无效，请重新登录",
    en="The access token is not valid; sign in again",
    answers={
        "002": documented(401, "无效 Token"),
        "003": documented(401, "invalid or expired token"),
        "004": documented(401, "E100"),
    },
)
TOKEN_EXPIRED = Entry(
    "token-expired",
    Kind.UNAUTHENTICATED,
    zh="访问令牌已过期，请刷新令牌或重新登录",
    en="The access token has expired; refresh it or sign in again",
    answers={
        "002": documented(401, "Token 已过期"),
        "003": documented(401, "invalid or expired token"),
        "004": documented(401, "E100"),
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
        "004": documented(401, "E100"),
    },
)
REFRESH_TOKEN_INVALID = Entry(
    "refresh-token-invalid",
    Kind.UNAUTHENTICATED,
    zh="刷新令牌无效或已使用，请重新登录",
    en="The refresh token is not valid or was used before; sign in again",
    answers={
        "002": documented(401, "无效 Token"),
        "003": documented(401, "invalid_refresh_token"),
        "004": documented(401, "E100"),
    },
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

ENTRIES = (
    WRONG_CREDENTIALS,
    TOKEN_MISSING,
    TOKEN_MALFORMED,
    TOKEN_INVALID,
    TOKEN_EXPIRED,
    SESSION_ENDED,
    REFRESH_TOKEN_INVALID,
    TICKET_INVALID,
    ORIGIN_REFUSED,
)

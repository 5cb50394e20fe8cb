"""Public shapes of accounts that more than one family speaks; those of one family are beside its routes."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from eulermaker.features.accounts.names import email_address, user_name
from eulermaker.features.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from eulermaker.features.accounts.store import Session, User
from eulermaker.kernel.call import Permission, Role
from eulermaker.kernel.clock import Time
from eulermaker.kernel.faults import InvalidFields
from eulermaker.kernel.validation import Text, refusal, storable


def _storable(secret: SecretStr) -> SecretStr:
    storable(secret.get_secret_value())
    return secret


def _email(text: str) -> str:
    address = email_address(text)
    if address is None:
        raise refusal(zh="邮箱格式不正确", en="That is no e-mail address")
    return address


_NAME_ZH = "用户名只能包含英文字母、数字、汉字以及中间的 . _ - 和空格，最多 64 个字符"
_NAME_EN = (
    "A user name has ASCII letters, digits, Chinese characters, and . _ - or spaces between; at most 64"
)


def _user_name(text: str) -> str:
    name = user_name(text)
    if name is None:
        raise refusal(zh=_NAME_ZH, en=_NAME_EN)
    return name


def user_name_of(text: str) -> str:
    """The user name as it is stored; raises InvalidFields for what can be none."""
    name = user_name(text)
    if name is None:
        raise InvalidFields.one("name", zh=_NAME_ZH, en=_NAME_EN)
    return name


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < MIN_LENGTH:
        raise refusal(
            zh=f"密码至少{MIN_LENGTH}个字符", en=f"A password needs at least {MIN_LENGTH} characters"
        )
    return _storable(secret)


# Longer input is refused before it is hashed: hashing is where a huge password would cost.
Identifier = Annotated[Text, Field(min_length=1, max_length=254)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(_storable)]
NewPassword = Annotated[SecretStr, Field(max_length=MAX_LENGTH), AfterValidator(_long_enough)]
Secret = Annotated[Text, Field(min_length=1, max_length=256)]
Code = Annotated[Text, Field(min_length=1, max_length=32)]
Email = Annotated[Text, Field(max_length=254), AfterValidator(_email)]
UserName = Annotated[Text, Field(max_length=128), AfterValidator(_user_name)]
TenantName = Annotated[Text, Field(max_length=128), AfterValidator(_user_name)]
KeyName = Annotated[Text, Field(min_length=1, max_length=64)]
Reason = Annotated[Text, Field(max_length=200)]


class Login(BaseModel):
    """Credentials: one of `username`, `email` and `identifier`, the password, a second factor's code."""

    model_config = ConfigDict(frozen=True)

    username: Identifier | None = None
    email: Identifier | None = None
    identifier: Identifier | None = None
    password: Password
    totp_code: Code | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.who is None:
            raise refusal(
                zh="必须提供 username、email 或 identifier", en="Give username, email or identifier"
            )
        return self

    @property
    def who(self) -> str | None:
        """The name to look up."""
        return self.username or self.email or self.identifier


class Refresh(BaseModel):
    """A refresh token, when the caller has no bearer token of a living session to show."""

    model_config = ConfigDict(frozen=True)

    refresh_token: Secret | None = None


class Tokens(BaseModel):
    """What signing in yields; `expires_in` is the access token's life in seconds."""

    token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  # the scheme's name, no secret
    refresh_token: str | None


class SocketTicket(BaseModel):
    """A single-use ticket for opening one WebSocket within `expires_in` seconds."""

    ticket: str
    expires_in: int


class Registration(BaseModel):
    """Who wants an account; `code` is the one from the e-mail, where addresses are verified."""

    model_config = ConfigDict(frozen=True)

    email: Email
    password: NewPassword
    name: UserName
    tenant_name: TenantName | None = None
    code: Code | None = None
    invitation: Secret | None = None


class PasswordChange(BaseModel):
    """The password in use, and the one to use from now on."""

    model_config = ConfigDict(frozen=True)

    current_password: Password
    new_password: NewPassword


class UserInfo(BaseModel):
    """One account as its owner and administrators see it."""

    id: str
    username: str
    email: str | None
    email_verified: bool
    role: Role
    tenant_id: str
    status: Literal["active", "suspended"]
    suspended_reason: str | None
    mfa_enabled: bool
    created_at: Time | None
    last_login_at: Time | None

    @classmethod
    def of(cls, user: User) -> Self:
        """What may be shown of the account."""
        return cls(
            id=user.id,
            username=user.username,
            email=user.email,
            email_verified=user.email_verified,
            role=user.role,
            tenant_id=user.tenant,
            status="active" if user.suspended_at is None else "suspended",
            suspended_reason=user.suspended_reason,
            mfa_enabled=user.has_totp,
            created_at=user.created_at,
            last_login_at=user.last_login_at,
        )


class Me(UserInfo):
    """The caller, and all that they may do."""

    permissions: list[Permission]


class SessionInfo(BaseModel):
    """One living session; `method` is how it began."""

    id: str
    created_at: Time
    expires_at: Time
    address: str
    agent: str
    method: str
    current: bool

    @classmethod
    def of(cls, session: Session, *, current: str) -> Self:
        """What may be shown of the session."""
        return cls(
            id=session.id,
            created_at=session.created_at,
            expires_at=session.expires_at,
            address=session.address,
            agent=session.agent,
            method=session.method,
            current=session.id == current,
        )


class SessionList(BaseModel):
    """The caller's living sessions, newest first."""

    sessions: list[SessionInfo]


class NewUser(BaseModel):
    """An account to create; without a `password` it signs in after a reset, or with a provider."""

    model_config = ConfigDict(frozen=True)

    username: UserName
    email: Email | None = None
    password: NewPassword | None = None
    role: Role = Role.USER


class UserChange(BaseModel):
    """What to change of an account; what is left out stays."""

    model_config = ConfigDict(frozen=True)

    username: UserName | None = None
    email: Email | None = None
    password: NewPassword | None = None


class NewKey(BaseModel):
    """An API key to create: `scopes` are permissions, none of them means all that its owner has."""

    model_config = ConfigDict(frozen=True)

    name: KeyName
    scopes: Annotated[list[Permission], Field(max_length=len(Permission))] = []
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class KeyInfo(BaseModel):
    """One API key without its secret; `prefix` is how it begins."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    replaced_by: str | None


class FreshKey(KeyInfo):
    """An API key that was just made: `key` is shown this once."""

    key: str

"""Accounts in family 003: `/api/ping` and `/api/auth`. Answers are the resource itself."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from eulermaker.dialects.success import json_bytes
from eulermaker.features.accounts.callers import Callers, visitor
from eulermaker.features.accounts.desk import Desk
from eulermaker.features.accounts.faults import (
    AUTHORIZATION_MISSING,
    CREDENTIALS_IN_QUERY,
    INVALID_EMAIL,
    KEY_EXPIRED,
    KEY_INVALID,
    MISSING_CREDENTIALS,
    PASSWORD_TOO_SHORT,
    REFRESH_TOKEN_INVALID,
    RESET_TOKEN_INVALID,
    SESSION_ENDED,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_MALFORMED,
    TOKEN_MISSING,
    VERIFICATION_REQUIRED,
)
from eulermaker.features.accounts.matrix import Settings
from eulermaker.features.accounts.names import email_address
from eulermaker.features.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from eulermaker.features.accounts.schemas import NewUser, Reason, user_name_of
from eulermaker.features.accounts.service import SignedIn
from eulermaker.features.accounts.sign_in import Challenge
from eulermaker.features.accounts.store import User
from eulermaker.features.accounts.users import Draft
from eulermaker.kernel.call import Call, Permission, Role
from eulermaker.kernel.clock import Time, rfc3339
from eulermaker.kernel.faults import Fault, Language
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

TAG = "accounts (003)"
BROWSER = "eulermaker_oauth"
#: What never belongs into an address, which is written down on its way.
_SECRETS = frozenset(
    [
        "password",
        "token",
        "access_token",
        "refresh_token",
        "code",
        "totpcode",
        "totp_code",
        "mfatoken",
        "mfa_ticket",
        "exchange_code",
    ]
)
_BAD_TOKENS = (TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_MALFORMED, KEY_INVALID, KEY_EXPIRED)
_SENT: dict[Language, str] = {"zh": "验证码已发送", "en": "The code was sent"}
_RESET: dict[Language, str] = {
    "zh": "如果该邮箱有账户，重置邮件已发出",
    "en": "If the address has an account, an e-mail is on its way",
}

Word = Annotated[Text, Field(max_length=256)]
Hidden = Annotated[SecretStr, Field(max_length=MAX_LENGTH)]


class Body(BaseModel):
    """A body whose missing fields are refusals of their own."""

    model_config = ConfigDict(frozen=True)


class Login(Body):
    """Who, by whatever name, and the password; `totpCode` where there is a second factor."""

    identifier: Word | None = None
    account: Word | None = None
    username: Word | None = None
    email: Word | None = None
    password: Hidden | None = None
    totp_code: Annotated[Word | None, Field(alias="totpCode")] = None


class Registering(Body):
    """Who wants an account, and the code from the e-mail."""

    name: Word | None = None
    email: Word | None = None
    password: Hidden | None = None
    code: Word | None = None
    invitation: Word | None = None


class Address(Body):
    """An e-mail address."""

    email: Word | None = None


class EmailCode(Body):
    """A code, and the address that it was sent to."""

    email: Word | None = None
    code: Word | None = None


class Verification(Body):
    """The token of a provisioning, and a code of the authenticator."""

    token: Word | None = None
    code: Word | None = None


class Answer(Body):
    """The ticket of a challenge, and a code."""

    mfa_ticket: Word | None = None
    mfa_token: Annotated[Word | None, Field(alias="mfaToken")] = None
    code: Word | None = None


class Disabling(Body):
    """A last code of the authenticator, or a recovery code."""

    code: Word | None = None


class ResetConfirmation(Body):
    """The token from the e-mail, and the new password."""

    token: Word | None = None
    password: Hidden | None = None


class Exchange(Body):
    """The one-time code that an OAuth sign-in ended with."""

    exchange_code: Word | None = None


class Renewal(Body):
    """A refresh token."""

    refresh_token: Word | None = None


class RoleChange(Body):
    """The role to have from now on."""

    role: Role


class Pause(Body):
    """Why the account is paused."""

    reason: Reason | None = None


class MatrixChange(Body):
    """The version that was read, and the matrix to put in its place."""

    version: Annotated[int, Field(ge=0)]
    matrix: dict[Permission, dict[Role, bool]]


class Refusing(Body):
    """An address, or `@domain`, and why it is refused."""

    email: Word
    reason: Reason = ""


class Person(BaseModel):
    """One account."""

    id: str
    name: str
    username: str
    email: str | None
    emailVerified: bool
    role: Role
    active: bool
    mfaEnabled: bool
    createdAt: Time | None
    lastLoginAt: Time | None


class People(BaseModel):
    """A page of accounts, and how many there are."""

    users: list[Person]
    total: int


class Session(BaseModel):
    """A session with its tokens; `token` and `access_token` are one."""

    token: str
    access_token: str
    refresh_token: str | None
    token_type: str
    expiresAt: Time
    expires_in: int
    user: Person
    mfaRequired: bool


class MfaChallenge(BaseModel):
    """A code is wanted before there is a session."""

    mfaRequired: bool
    mfaMethod: str
    mfaTicket: str
    mfaToken: str
    expiresAt: Time


class Current(BaseModel):
    """The session that the token stands for."""

    id: str
    user: Person
    createdAt: Time
    expiresAt: Time


class MfaStatus(BaseModel):
    """Whether there is a second factor."""

    mfaEnabled: bool
    mfaMethod: str | None
    enabledAt: Time | None
    recoveryCodes: int


class Provisioning(BaseModel):
    """What an authenticator is set up with."""

    mfaToken: str
    token: str
    secret: str
    otpauthUrl: str
    qrCode: str
    expiresAt: Time


class MfaEnabled(BaseModel):
    """The second factor is in use; its recovery codes are shown this once."""

    mfaEnabled: bool
    recoveryCodes: list[str]


class MatrixState(BaseModel):
    """What each role may do."""

    version: int
    matrix: dict[Permission, dict[Role, bool]]


class RefusedAddress(BaseModel):
    """An address or a domain that may not be used."""

    email: str
    reason: str
    createdAt: Time


class BlacklistState(BaseModel):
    """All of them."""

    blacklist: list[RefusedAddress]


class Told(BaseModel):
    """That it was done."""

    message: str


class Pong(BaseModel):
    """That the server is there."""

    status: str
    time: str


def routers(desk: Desk, callers: Callers) -> tuple[APIRouter, ...]:
    """The routes of family 003."""
    return _open(desk), _of_session(desk, callers), _of_administrators(desk, callers)


def _open(desk: Desk) -> APIRouter:
    """What needs no session."""
    routes = APIRouter(prefix="/api", tags=[TAG], dependencies=[Depends(_no_secrets_in_query)])

    @routes.get("/ping", response_model=Pong)
    async def ping() -> Response:
        """Whether the server is there."""
        return _resource(Pong(status="ok", time=rfc3339(desk.accounts.clock())))

    @routes.post("/auth/register", response_model=Person, status_code=201)
    async def register(request: Request, body: Registering) -> Response:
        """Make an account, where that is open."""
        missing = _missing(name=body.name, email=body.email, password=body.password)
        if missing:
            raise MISSING_CREDENTIALS(fields=missing)
        assert body.name
        name = user_name_of(body.name)
        user = await desk.registration.register(
            email=_email(body.email),
            password=_password(body.password),
            name=name,
            code=body.code or None,
            invitation=body.invitation,
            visitor=visitor(request),
            code_first=True,
        )
        return _resource(_person(user), status=201)

    @routes.post("/auth/register/send", response_model=Told)
    async def send(request: Request, body: Address) -> Response:
        """Have a code sent to the address."""
        await desk.registration.send_code(_email(body.email), visitor(request))
        return _resource(Told(message=_SENT[request.state.language]))

    @routes.post("/auth/register/verify", response_model=Told)
    async def verify(request: Request, body: EmailCode) -> Response:
        """Show the code from the e-mail."""
        if not body.code:
            raise VERIFICATION_REQUIRED()
        await desk.registration.verify(_email(body.email), body.code)
        told: dict[Language, str] = {"zh": "邮箱已验证", "en": "The address is verified"}
        return _resource(Told(message=told[request.state.language]))

    @routes.post("/auth/login", response_model=Session | MfaChallenge)
    async def login(request: Request, body: Login) -> Response:
        """Sign in: a session, or a challenge where a code is wanted and none was given."""
        who = body.identifier or body.account or body.username or body.email
        missing = _missing(identifier=who, password=body.password)
        if missing or who is None or body.password is None:
            raise MISSING_CREDENTIALS(fields=missing)
        told = await desk.sign_in.with_password(
            who, body.password.get_secret_value(), code=body.totp_code, visitor=visitor(request)
        )
        return _signed_in(told)

    @routes.post("/auth/mfa/verify", response_model=Session)
    async def answer(request: Request, body: Answer) -> Response:
        """Answer a challenge with a code."""
        ticket = body.mfa_ticket or body.mfa_token
        return _signed_in(await desk.sign_in.answer(ticket, body.code, visitor=visitor(request)))

    @routes.post("/auth/password/reset", response_model=Told, status_code=202)
    async def reset(request: Request, body: Address) -> Response:
        """Have a reset token sent to the address, if it has an account."""
        await desk.reset.request(_email(body.email), visitor(request))
        return _resource(Told(message=_RESET[request.state.language]), status=202)

    @routes.post("/auth/password/reset/confirm", response_model=Told)
    async def confirm(request: Request, body: ResetConfirmation) -> Response:
        """Set a new password with the token from the e-mail."""
        if not body.token:
            raise RESET_TOKEN_INVALID()
        await desk.reset.confirm(body.token, _password(body.password), visitor(request))
        told: dict[Language, str] = {"zh": "密码已重置，请登录", "en": "The password was reset; sign in"}
        return _resource(Told(message=told[request.state.language]))

    @routes.post("/auth/token/exchange", response_model=Session | MfaChallenge)
    async def exchange(request: Request, body: Exchange) -> Response:
        """Trade the code that an OAuth sign-in ended with for a session, once."""
        return _signed_in(await desk.sign_in.exchange(body.exchange_code, visitor=visitor(request)))

    @routes.post("/auth/token/refresh", response_model=Session)
    async def refresh(body: Renewal) -> Response:
        """Trade a refresh token for new tokens, once."""
        if not body.refresh_token and desk.accounts.settings.refresh_tokens:
            raise REFRESH_TOKEN_INVALID()
        return _signed_in(await desk.accounts.renew(body.refresh_token or ""))

    @routes.get("/auth/oauth/login/{provider}", status_code=302, response_class=RedirectResponse)
    async def depart(
        request: Request, provider: str, redirect: Annotated[str, Query(max_length=512)] = "/"
    ) -> Response:
        """Go to the provider to sign in; `redirect` is the path of this server to come back to."""
        departure = await desk.oauth.depart(
            provider, redirect_uri=_callback(desk, request, provider), return_to=redirect
        )
        answer = RedirectResponse(departure.address, status_code=302)
        answer.set_cookie(
            BROWSER,
            departure.browser,
            max_age=600,
            path="/api/auth/oauth",
            httponly=True,
            samesite="lax",
            secure=_public(desk, request).startswith("https:"),
        )
        return answer

    return routes


def _of_session(desk: Desk, callers: Callers) -> APIRouter:
    """What needs a session, or is its beginning with a provider."""
    routes = APIRouter(prefix="/api/auth", tags=[TAG])
    accounts = desk.accounts

    async def of_session(request: Request) -> Call:
        try:
            return await callers.of_request(request)
        except Fault as fault:
            if fault.entry in _BAD_TOKENS:
                raise SESSION_ENDED() from fault
            raise

    Caller = Annotated[Call, Depends(of_session)]

    @routes.get("/oauth/callback/{provider}", status_code=302, response_class=RedirectResponse)
    async def arrive(
        request: Request,
        provider: str,
        code: Annotated[str | None, Query(max_length=4096)] = None,
        state: Annotated[str | None, Query(max_length=512)] = None,
        iss: Annotated[str | None, Query(max_length=512)] = None,
    ) -> Response:
        """Come back from the provider: on to where the sign-in began, with an exchange code."""
        address = await desk.oauth.arrive(
            provider,
            code=code,
            state=state,
            issuer=iss,
            browser=request.cookies.get(BROWSER),
            visitor=visitor(request),
        )
        answer = RedirectResponse(address, status_code=302, headers={"Referrer-Policy": "no-referrer"})
        answer.delete_cookie(BROWSER, path="/api/auth/oauth")
        return answer

    @routes.get("/session", response_model=Current)
    async def session(call: Caller) -> Response:
        """Whose session it is, and until when."""
        if call.principal.key:
            raise SESSION_ENDED()
        user, opened = await accounts.session_of(call.principal)
        return _resource(
            Current(
                id=opened.id,
                user=_person(user),
                createdAt=opened.created_at,
                expiresAt=opened.expires_at,
            )
        )

    @routes.delete("/session", status_code=204)
    async def end_session(call: Caller) -> Response:
        """End the session."""
        await accounts.log_out(call)
        return Response(status_code=204)

    @routes.get("/mfa/status", response_model=MfaStatus)
    async def mfa_status(call: Caller) -> Response:
        """Whether there is a second factor."""
        told = await desk.second_factor.status(call)
        return _resource(
            MfaStatus(
                mfaEnabled=told.enabled,
                mfaMethod="totp" if told.enabled else None,
                enabledAt=told.since,
                recoveryCodes=told.recovery_codes,
            )
        )

    @routes.post("/mfa/totp/provision", response_model=Provisioning)
    async def provision(call: Caller) -> Response:
        """A secret for an authenticator, also as a QR code."""
        told = await desk.second_factor.provision(call)
        return _resource(
            Provisioning(
                mfaToken=told.token,
                token=told.token,
                secret=told.secret,
                otpauthUrl=told.address,
                qrCode=told.qr,
                expiresAt=told.expires_at,
            )
        )

    @routes.post("/mfa/totp/verify", response_model=MfaEnabled)
    async def enable(call: Caller, body: Verification) -> Response:
        """Show a code of the authenticator: from now on codes are asked for."""
        codes = await desk.second_factor.enable(call, token=body.token, code=body.code)
        return _resource(MfaEnabled(mfaEnabled=True, recoveryCodes=codes))

    @routes.post("/mfa/disable", response_model=MfaEnabled)
    async def disable(call: Caller, body: Disabling) -> Response:
        """Ask for codes no more."""
        await desk.second_factor.disable(call, code=body.code)
        return _resource(MfaEnabled(mfaEnabled=False, recoveryCodes=[]))

    @routes.get("/admin/users/metrics", response_model=dict[str, int])
    async def metrics(call: Caller) -> Response:
        """Figures about all accounts."""
        return _resource(await desk.users.metrics(call))

    return routes


def _of_administrators(desk: Desk, callers: Callers) -> APIRouter:
    """What administrators do; a bearer token or an API key is needed."""
    routes = APIRouter(prefix="/api/auth", tags=[TAG])
    users, matrix = desk.users, desk.accounts.matrix

    async def of_bearer(request: Request) -> Call:
        try:
            return await callers.of_request(request)
        except Fault as fault:
            if fault.entry is TOKEN_MISSING:
                raise AUTHORIZATION_MISSING() from fault
            if fault.entry is SESSION_ENDED:
                raise TOKEN_INVALID() from fault
            raise

    Caller = Annotated[Call, Depends(of_bearer)]

    @routes.get("/users", response_model=People)
    async def list_users(
        call: Caller,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
        search: Annotated[str, Query(max_length=64)] = "",
    ) -> Response:
        """All accounts, by name."""
        total, found = await users.list(call, Page(limit, offset), search=search)
        return _resource(People(users=[_person(user) for user in found], total=total))

    @routes.post("/admin/users", response_model=Person, status_code=201)
    async def create(call: Caller, body: NewUser) -> Response:
        """Make an account."""
        password = body.password.get_secret_value() if body.password else None
        user = await users.create(call, Draft(body.username, body.email, password, body.role))
        return _resource(_person(user), status=201)

    @routes.post("/admin/users/{user}/pause", response_model=Person)
    async def pause(call: Caller, user: str, body: Pause | None = None) -> Response:
        """Let nobody use the account: its sessions and keys end at once."""
        return _resource(_person(await users.suspend(call, user, reason=body.reason if body else None)))

    @routes.post("/admin/users/{user}/resume", response_model=Person)
    async def resume(call: Caller, user: str) -> Response:
        """Let the account be used again; a lock ends, too."""
        return _resource(_person(await users.resume(call, user)))

    @routes.post("/admin/users/{user}/mfa/reset", response_model=Person)
    async def reset_mfa(call: Caller, user: str) -> Response:
        """Take the second factor of somebody away who has lost it."""
        return _resource(_person(await users.reset_second_factor(call, user)))

    @routes.delete("/admin/users/{user}", status_code=204)
    async def delete(call: Caller, user: str) -> Response:
        """Remove the account."""
        await users.delete(call, user)
        return Response(status_code=204)

    @routes.put("/admin/users/{user}/role", response_model=Person)
    async def set_role(call: Caller, user: str, body: RoleChange) -> Response:
        """Give the account another role."""
        return _resource(_person(await users.set_role(call, user, body.role)))

    @routes.get("/admin/settings", response_model=MatrixState)
    async def settings(call: Caller) -> Response:
        """What each role may do, and the version to give when it is changed."""
        call.require(Permission.USERS_READ)
        return _resource(_state(matrix.settings))

    @routes.post("/admin/settings", response_model=MatrixState)
    async def change_settings(call: Caller, body: MatrixChange) -> Response:
        """Change what roles may do; refused when somebody else did meanwhile."""
        return _resource(_state(await matrix.write(call, Settings(body.version, body.matrix))))

    @routes.get("/admin/blacklist", response_model=BlacklistState)
    async def blacklist(call: Caller) -> Response:
        """The addresses and domains that may not be used."""
        listed = [
            RefusedAddress(email=one.pattern, reason=one.reason, createdAt=one.created_at)
            for one in await desk.blacklist.list(call)
        ]
        return _resource(BlacklistState(blacklist=listed))

    @routes.post("/admin/blacklist", response_model=RefusedAddress, status_code=201)
    async def refuse(call: Caller, body: Refusing) -> Response:
        """Refuse an address, or all of `@domain`."""
        one = await desk.blacklist.add(call, _pattern(body.email), reason=body.reason)
        told = RefusedAddress(email=one.pattern, reason=one.reason, createdAt=one.created_at)
        return _resource(told, status=201)

    @routes.delete("/admin/blacklist/{email}", status_code=204)
    async def accept(call: Caller, email: str) -> Response:
        """Refuse it no more."""
        await desk.blacklist.remove(call, email.lower())
        return Response(status_code=204)

    return routes


async def _no_secrets_in_query(request: Request) -> None:
    if any(name.lower() in _SECRETS for name in request.query_params):
        raise CREDENTIALS_IN_QUERY()


def _resource(data: Any, *, status: int = 200) -> Response:
    return json_bytes(to_json(data), status=status)


def _missing(**fields: object) -> str:
    return ", ".join(name for name, value in fields.items() if not value)


def _email(text: str | None) -> str:
    if not text:
        raise MISSING_CREDENTIALS(fields="email")
    address = email_address(text)
    if address is None:
        raise INVALID_EMAIL()
    return address


def _password(secret: SecretStr | None) -> str:
    if secret is None:
        raise MISSING_CREDENTIALS(fields="password")
    password = secret.get_secret_value()
    if len(password) < MIN_LENGTH:
        raise PASSWORD_TOO_SHORT(length=MIN_LENGTH)
    return password


def _pattern(text: str) -> str:
    """An address or an `@domain` as the blacklist has it."""
    pattern = text.strip().lower()
    if email_address(f"x{pattern}" if pattern.startswith("@") else pattern) is None:
        raise INVALID_EMAIL()
    return pattern


def _person(user: User) -> Person:
    return Person(
        id=user.id,
        name=user.username,
        username=user.username,
        email=user.email,
        emailVerified=user.email_verified,
        role=user.role,
        active=user.suspended_at is None,
        mfaEnabled=user.has_totp,
        createdAt=user.created_at,
        lastLoginAt=user.last_login_at,
    )


def _signed_in(told: SignedIn | Challenge) -> Response:
    if isinstance(told, Challenge):
        return _resource(
            MfaChallenge(
                mfaRequired=True,
                mfaMethod=told.method,
                mfaTicket=told.ticket,
                mfaToken=told.ticket,
                expiresAt=told.expires_at,
            )
        )
    tokens = told.tokens
    return _resource(
        Session(
            token=tokens.token,
            access_token=tokens.token,
            refresh_token=tokens.refresh_token,
            token_type=tokens.token_type,
            expiresAt=told.expires_at,
            expires_in=tokens.expires_in,
            user=_person(told.user),
            mfaRequired=False,
        )
    )


def _state(settings: Settings) -> MatrixState:
    return MatrixState(
        version=settings.version, matrix={p: dict(roles) for p, roles in settings.matrix.items()}
    )


def _public(desk: Desk, request: Request) -> str:
    return desk.accounts.settings.public_url or str(request.base_url)


def _callback(desk: Desk, request: Request, provider: str) -> str:
    base = urlsplit(_public(desk, request))
    return f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}/api/auth/oauth/callback/{provider}"

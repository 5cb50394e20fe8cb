"""Accounts in family 004: `/v1/auth`, `/v1/users` and `/v1/api-keys`."""

from math import ceil
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from eulermaker.dialects.success import json_bytes
from eulermaker.features.accounts.callers import Callers, visitor
from eulermaker.features.accounts.desk import Desk
from eulermaker.features.accounts.faults import REFRESH_TOKEN_INVALID
from eulermaker.features.accounts.key_store import Key
from eulermaker.features.accounts.keys import MAX_OVERLAP, Fresh
from eulermaker.features.accounts.schemas import (
    Code,
    Email,
    Identifier,
    KeyName,
    NewPassword,
    NewUser,
    Password,
    Reason,
    Secret,
    UserChange,
    UserName,
)
from eulermaker.features.accounts.service import SignedIn
from eulermaker.features.accounts.sign_in import Challenge
from eulermaker.features.accounts.store import User
from eulermaker.features.accounts.users import Draft
from eulermaker.kernel.call import Call, Permission, Role
from eulermaker.kernel.clock import Time, rfc3339, utc_now
from eulermaker.kernel.paging import Page

TAG = "accounts (004)"
MAX_PAGE = 1_000_000
T = TypeVar("T")


class Body(BaseModel):
    """A body; its fields are written in camel case."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Registering(Body):
    """Who wants an account."""

    username: UserName
    email: Email
    password: NewPassword
    code: Code | None = None
    invitation: Secret | None = None


class Login(Body):
    """Who, by user name or address, and the password; `totpCode` where there is a second factor."""

    identifier: Annotated[Identifier, Field(validation_alias=AliasChoices("username", "email", "identifier"))]
    password: Password
    totp_code: Annotated[Code | None, Field(alias="totpCode")] = None


class Renewal(Body):
    """A refresh token."""

    refresh_token: Annotated[Secret, Field(validation_alias=AliasChoices("refreshToken", "refresh_token"))]


class Address(Body):
    """An e-mail address."""

    email: Email


class ResetConfirmation(Body):
    """The token from the e-mail, and the new password."""

    token: Secret
    password: Annotated[NewPassword, Field(validation_alias=AliasChoices("password", "newPassword"))]


class MfaCode(Body):
    """What was handed out with a challenge or a provisioning, and a code."""

    mfa_token: Annotated[Secret | None, Field(alias="mfaToken")] = None
    code: Code | None = None


class PasswordChange(Body):
    """The password in use, and the one to use from now on."""

    current_password: Annotated[Password, Field(alias="currentPassword")]
    new_password: Annotated[NewPassword, Field(alias="newPassword")]


class RoleChange(Body):
    """The role to have from now on."""

    role: Role


class Suspension(Body):
    """Why the account is suspended."""

    reason: Reason | None = None


class NewKey(Body):
    """An API key to create: `scopes` are permissions, none of them means all that its owner has."""

    name: KeyName
    scopes: Annotated[list[Permission], Field(max_length=len(Permission))] = []
    expires_in_days: Annotated[int | None, Field(alias="expiresInDays", ge=1, le=3650)] = None


class Rotation(Body):
    """For how many hours the old key still holds."""

    overlap_hours: Annotated[int, Field(alias="overlapHours", ge=0, le=MAX_OVERLAP)] = 24


class Wrapped(BaseModel, Generic[T]):
    """`{success, data, timestamp, requestId}`."""

    success: bool
    data: T
    timestamp: str
    requestId: str


class Person(BaseModel):
    """One account."""

    id: str
    username: str
    email: str | None
    emailVerified: bool
    role: Role
    status: Literal["active", "disabled"]
    mfaEnabled: bool
    createdAt: Time | None
    lastLoginAt: Time | None


class Pagination(BaseModel):
    """Which page it is, and how many there are."""

    page: int
    limit: int
    total: int
    totalPages: int


class People(BaseModel):
    """A page of accounts."""

    users: list[Person]
    pagination: Pagination


class Session(BaseModel):
    """The tokens of a session."""

    accessToken: str
    refreshToken: str | None
    tokenType: str
    expiresIn: int
    user: Person
    mfaRequired: bool


class MfaChallenge(BaseModel):
    """A code is wanted before there is a session."""

    mfaRequired: bool
    mfaMethod: str
    mfaToken: str


class Provisioning(BaseModel):
    """What an authenticator is set up with; `mfaToken` and a code of it go to `mfa/verify`."""

    mfaToken: str
    secret: str
    otpauthUrl: str
    qrCode: str
    expiresAt: Time


class MfaEnabled(BaseModel):
    """The second factor is in use; its recovery codes are shown this once."""

    mfaEnabled: bool
    recoveryCodes: list[str]


class Permissions(BaseModel):
    """All that somebody may do."""

    userId: str
    role: Role
    permissions: list[Permission]


class ApiKey(BaseModel):
    """One API key; `key` is there only when it was just made."""

    id: str
    name: str
    prefix: str
    scopes: list[Permission]
    createdAt: Time
    expiresAt: Time | None
    lastUsedAt: Time | None
    replacedBy: str | None
    key: str | None = None


class Keys(BaseModel):
    """The caller's keys."""

    apiKeys: list[ApiKey]


class Nothing(BaseModel):
    """Nothing is left to show."""


def routers(desk: Desk, callers: Callers) -> tuple[APIRouter, ...]:
    """The routes of family 004."""
    return _auth(desk, callers), _users(desk, callers), _keys(desk, callers)


def _auth(desk: Desk, callers: Callers) -> APIRouter:
    routes = APIRouter(prefix="/v1/auth", tags=[TAG])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.post("/register", response_model=Wrapped[Person], status_code=201)
    async def register(request: Request, body: Registering) -> Response:
        """Make an account, where that is open."""
        user = await desk.registration.register(
            email=body.email,
            password=body.password.get_secret_value(),
            name=body.username,
            code=body.code,
            invitation=body.invitation,
            visitor=visitor(request),
        )
        return _wrapped(request, _person(user), status=201)

    @routes.post("/login", response_model=Wrapped[Session | MfaChallenge])
    async def login(request: Request, body: Login) -> Response:
        """Sign in: a session, or a challenge where a code is wanted and none was given."""
        told = await desk.sign_in.with_password(
            body.identifier,
            body.password.get_secret_value(),
            code=body.totp_code,
            visitor=visitor(request),
        )
        return _wrapped(request, _signed_in(told))

    @routes.post("/refresh", response_model=Wrapped[Session])
    async def refresh(request: Request, body: Renewal) -> Response:
        """Trade a refresh token for new tokens, once."""
        if not body.refresh_token:
            raise REFRESH_TOKEN_INVALID()
        return _wrapped(request, _signed_in(await desk.accounts.renew(body.refresh_token)))

    @routes.post("/logout", response_model=Wrapped[Nothing])
    async def logout(request: Request, call: Caller) -> Response:
        """End the session."""
        await desk.accounts.log_out(call)
        return _wrapped(request, Nothing())

    @routes.post("/logout-all", response_model=Wrapped[dict[str, int]])
    async def logout_all(request: Request, call: Caller) -> Response:
        """End all of one's sessions."""
        return _wrapped(request, {"sessions": await desk.accounts.log_out_everywhere(call)})

    @routes.post("/password/reset/request", response_model=Wrapped[Nothing], status_code=202)
    async def reset(request: Request, body: Address) -> Response:
        """Have a reset token sent to the address, if it has an account."""
        await desk.reset.request(body.email, visitor(request))
        return _wrapped(request, Nothing(), status=202)

    @routes.post("/password/reset/confirm", response_model=Wrapped[Nothing])
    async def confirm(request: Request, body: ResetConfirmation) -> Response:
        """Set a new password with the token from the e-mail."""
        await desk.reset.confirm(body.token, body.password.get_secret_value(), visitor(request))
        return _wrapped(request, Nothing())

    @routes.post("/mfa/enable", response_model=Wrapped[Provisioning])
    async def enable(request: Request, call: Caller) -> Response:
        """A secret for an authenticator; it counts once `mfa/verify` was shown a code of it."""
        told = await desk.second_factor.provision(call)
        shown = Provisioning(
            mfaToken=told.token,
            secret=told.secret,
            otpauthUrl=told.address,
            qrCode=told.qr,
            expiresAt=told.expires_at,
        )
        return _wrapped(request, shown)

    @routes.post("/mfa/verify", response_model=Wrapped[Session | MfaEnabled])
    async def verify(request: Request, body: MfaCode) -> Response:
        """Answer a challenge or, signed in, complete what `mfa/enable` began."""
        if "authorization" not in request.headers:
            told = await desk.sign_in.answer(body.mfa_token, body.code, visitor=visitor(request))
            return _wrapped(request, _signed_in(told))
        call = await callers.of_request(request)
        codes = await desk.second_factor.enable(call, token=body.mfa_token, code=body.code)
        return _wrapped(request, MfaEnabled(mfaEnabled=True, recoveryCodes=codes))

    return routes


def _users(desk: Desk, callers: Callers) -> APIRouter:
    routes, users = APIRouter(prefix="/v1/users", tags=[TAG]), desk.users
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get("", response_model=Wrapped[People])
    async def list_users(
        request: Request,
        call: Caller,
        page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        search: Annotated[str, Query(max_length=64)] = "",
        role: Role | None = None,
    ) -> Response:
        """All accounts, by name."""
        total, found = await users.list(call, Page(limit, (page - 1) * limit), search=search, role=role)
        pagination = Pagination(page=page, limit=limit, total=total, totalPages=ceil(total / limit))
        return _wrapped(request, People(users=[_person(user) for user in found], pagination=pagination))

    @routes.post("", response_model=Wrapped[Person], status_code=201)
    async def create(request: Request, call: Caller, body: NewUser) -> Response:
        """Make an account."""
        password = body.password.get_secret_value() if body.password else None
        user = await users.create(call, Draft(body.username, body.email, password, body.role))
        return _wrapped(request, _person(user), status=201)

    @routes.get("/me", response_model=Wrapped[Person])
    async def me(request: Request, call: Caller) -> Response:
        """One's own account."""
        return _wrapped(request, _person(await users.me(call)))

    @routes.put("/me/password", response_model=Wrapped[Nothing])
    async def change_password(request: Request, call: Caller, body: PasswordChange) -> Response:
        """Change one's own password: all sessions and API keys end, this session too."""
        await users.change_password(
            call,
            current=body.current_password.get_secret_value(),
            new=body.new_password.get_secret_value(),
        )
        return _wrapped(request, Nothing())

    @routes.get("/{user}", response_model=Wrapped[Person])
    async def read(request: Request, call: Caller, user: str) -> Response:
        """One account."""
        return _wrapped(request, _person(await users.read(call, user)))

    @routes.patch("/{user}", response_model=Wrapped[Person])
    async def change(request: Request, call: Caller, user: str, body: UserChange) -> Response:
        """Change an account: its name, its address, its password."""
        password = body.password.get_secret_value() if body.password else None
        changed = await users.change(call, user, username=body.username, email=body.email, password=password)
        return _wrapped(request, _person(changed))

    @routes.delete("/{user}", response_model=Wrapped[Nothing])
    async def delete(request: Request, call: Caller, user: str) -> Response:
        """Remove the account."""
        await users.delete(call, user)
        return _wrapped(request, Nothing())

    @routes.put("/{user}/role", response_model=Wrapped[Person])
    async def set_role(request: Request, call: Caller, user: str, body: RoleChange) -> Response:
        """Give the account another role."""
        return _wrapped(request, _person(await users.set_role(call, user, body.role)))

    @routes.post("/{user}/suspend", response_model=Wrapped[Person])
    async def suspend(request: Request, call: Caller, user: str, body: Suspension | None = None) -> Response:
        """Let nobody use the account: its sessions and keys end at once."""
        reason = body.reason if body else None
        return _wrapped(request, _person(await users.suspend(call, user, reason=reason)))

    @routes.post("/{user}/resume", response_model=Wrapped[Person])
    async def resume(request: Request, call: Caller, user: str) -> Response:
        """Let the account be used again; a lock ends, too."""
        return _wrapped(request, _person(await users.resume(call, user)))

    @routes.get("/{user}/permissions", response_model=Wrapped[Permissions])
    async def permissions(request: Request, call: Caller, user: str) -> Response:
        """All that the account may do."""
        found = await users.read(call, user)
        allowed = sorted(desk.accounts.matrix.permissions(found.role))
        return _wrapped(request, Permissions(userId=found.id, role=found.role, permissions=allowed))

    return routes


def _keys(desk: Desk, callers: Callers) -> APIRouter:
    routes = APIRouter(prefix="/v1/api-keys", tags=[TAG])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.post("", response_model=Wrapped[ApiKey], status_code=201)
    async def create(request: Request, call: Caller, body: NewKey) -> Response:
        """Make a key; it is shown this once."""
        fresh = await desk.keys.create(
            call, name=body.name, scopes=frozenset(body.scopes), days=body.expires_in_days
        )
        return _wrapped(request, _fresh(fresh), status=201)

    @routes.get("", response_model=Wrapped[Keys])
    async def list_keys(request: Request, call: Caller) -> Response:
        """One's own keys that hold."""
        return _wrapped(request, Keys(apiKeys=[_key(key) for key in await desk.keys.list(call)]))

    @routes.post("/{key}/rotate", response_model=Wrapped[ApiKey], status_code=201)
    async def rotate(request: Request, call: Caller, key: str, body: Rotation | None = None) -> Response:
        """Make a key in another's place; the old one holds a while longer."""
        hours = (body or Rotation()).overlap_hours
        return _wrapped(request, _fresh(await desk.keys.rotate(call, key, overlap_hours=hours)), status=201)

    @routes.delete("/{key}", response_model=Wrapped[Nothing])
    async def delete(request: Request, call: Caller, key: str) -> Response:
        """End a key."""
        await desk.keys.delete(call, key)
        return _wrapped(request, Nothing())

    return routes


def _wrapped(request: Request, data: Any, *, status: int = 200) -> Response:
    told = to_json(data)
    now, identifier = rfc3339(utc_now()).encode(), to_json(request.state.request_id)
    body = b'{"success":true,"data":' + told + b',"timestamp":"' + now + b'","requestId":' + identifier
    return json_bytes(body + b"}", status=status)


def _person(user: User) -> Person:
    return Person(
        id=user.id,
        username=user.username,
        email=user.email,
        emailVerified=user.email_verified,
        role=user.role,
        status="active" if user.suspended_at is None else "disabled",
        mfaEnabled=user.has_totp,
        createdAt=user.created_at,
        lastLoginAt=user.last_login_at,
    )


def _signed_in(told: SignedIn | Challenge) -> Session | MfaChallenge:
    if isinstance(told, Challenge):
        return MfaChallenge(mfaRequired=True, mfaMethod=told.method, mfaToken=told.ticket)
    tokens = told.tokens
    return Session(
        accessToken=tokens.token,
        refreshToken=tokens.refresh_token,
        tokenType=tokens.token_type,
        expiresIn=tokens.expires_in,
        user=_person(told.user),
        mfaRequired=False,
    )


def _key(key: Key) -> ApiKey:
    return ApiKey(
        id=key.id,
        name=key.name,
        prefix=key.shown,
        scopes=sorted(key.scopes),
        createdAt=key.created_at,
        expiresAt=key.expires_at,
        lastUsedAt=key.last_used_at,
        replacedBy=key.replaced_by,
    )


def _fresh(fresh: Fresh) -> ApiKey:
    return _key(fresh.key).model_copy(update={"key": fresh.secret})

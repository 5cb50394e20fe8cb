"""Accounts in families 000 and 002: `/api/v1/auth`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.features.accounts.callers import Callers, bearer_token, visitor
from eulermaker.features.accounts.desk import Desk
from eulermaker.features.accounts.schemas import (
    Code,
    Email,
    Login,
    Me,
    NewPassword,
    PasswordChange,
    Refresh,
    Registration,
    Secret,
    SessionInfo,
    SessionList,
    SocketTicket,
    Tokens,
    UserInfo,
)
from eulermaker.kernel.call import Call
from eulermaker.kernel.clock import Time
from eulermaker.kernel.faults import Language

LOGGED_OUT: dict[Language, str] = {"zh": "已退出登录", "en": "Signed out"}
ENDED: dict[Language, str] = {"zh": "会话已结束", "en": "The session has ended"}
CHANGED: dict[Language, str] = {
    "zh": "密码已更改，请重新登录",
    "en": "The password was changed; sign in again",
}
SENT: dict[Language, str] = {
    "zh": "如果该邮箱有账户，重置邮件已发出",
    "en": "If the address has an account, an e-mail is on its way",
}
INVITED: dict[Language, str] = {
    "zh": "邀请已生成，只显示这一次，7 天内有效",
    "en": "The invitation is told this once; it holds for 7 days",
}
VERIFIED: dict[Language, str] = {"zh": "邮箱已验证", "en": "The address is verified"}


class Verification(BaseModel):
    """The code from an e-mail, and the address that it was sent to."""

    email: Email
    code: Code


class Address(BaseModel):
    """An e-mail address."""

    email: Email


class ResetConfirmation(BaseModel):
    """The token from an e-mail, and the password to use from now on."""

    token: Secret
    password: NewPassword


class NewInvitation(BaseModel):
    """Whom to invite: whoever has that address, or whoever is given the invitation."""

    email: Email | None = None


class Invitation(BaseModel):
    """What registering takes, once, until it expires; it is told this once."""

    invitation: str
    email: str | None
    expires_at: Time


class Policy(BaseModel):
    """What signing in looks like here: for whoever shows the forms."""

    registration: Literal["closed", "invite", "open"]
    email_verification: bool
    providers: list[str]


def router(desk: Desk, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/auth`."""
    routes = APIRouter(prefix="/api/v1/auth", tags=["auth"])
    Caller = Annotated[Call, Depends(callers.of_request)]
    accounts = desk.accounts

    @routes.post("/login", response_model=Success[Tokens])
    async def login(request: Request, body: Login) -> Response:
        """Sign in with a user name or an e-mail address and a password, and the second factor's code."""
        assert body.who is not None
        password = body.password.get_secret_value()
        return success(
            await desk.sign_in.login(body.who, password, code=body.totp_code, visitor=visitor(request))
        )

    @routes.post("/refresh", response_model=Success[Tokens])
    async def refresh(request: Request, body: Annotated[Refresh | None, Body()] = None) -> Response:
        """Trade a refresh token, or the bearer token of a living session, for new tokens."""
        if body and body.refresh_token:
            return success(await accounts.refresh_by_token(body.refresh_token))
        return success(await accounts.refresh_by_bearer(bearer_token(request.scope)))

    @routes.post("/logout", response_model=Done)
    async def logout(call: Caller) -> Response:
        """End the session: its tokens hold no more."""
        await accounts.log_out(call)
        return done(LOGGED_OUT[call.language])

    @routes.get("/policy", response_model=Success[Policy])
    async def policy() -> Response:
        """Who may register here, and whom one can sign in with."""
        settings = accounts.settings
        return success(
            Policy(
                registration=settings.registration,
                email_verification=desk.registration.verifies,
                providers=sorted(settings.oauth),
            )
        )

    @routes.post("/register", response_model=Success[UserInfo], status_code=201)
    async def register(request: Request, body: Registration) -> Response:
        """Make an account, where that is open to all or to who was invited."""
        user = await desk.registration.register(
            email=body.email,
            password=body.password.get_secret_value(),
            name=body.name,
            tenant_name=body.tenant_name,
            code=body.code,
            invitation=body.invitation,
            visitor=visitor(request),
        )
        return success(UserInfo.of(user), status=201)

    @routes.post("/invitations", response_model=Success[Invitation], status_code=201)
    async def invite(call: Caller, body: Annotated[NewInvitation | None, Body()] = None) -> Response:
        """Let one person register within a week, also where only the invited may."""
        email = None if body is None else body.email
        invitation, expires_at = await desk.registration.invite(call, email=email)
        told = Invitation(invitation=invitation, email=email, expires_at=expires_at)
        return success(told, message=INVITED[call.language], status=201)

    @routes.post("/register/verify", response_model=Done)
    async def verify(request: Request, body: Verification) -> Response:
        """Show the code from the e-mail: from now on the account can be used."""
        await desk.registration.verify(body.email, body.code)
        return done(VERIFIED[request.state.language])

    @routes.post("/password/reset", response_model=Done, status_code=202)
    async def reset(request: Request, body: Address) -> Response:
        """Have a reset token sent to the address, if it has an account."""
        await desk.reset.request(body.email, visitor(request))
        answer = done(SENT[request.state.language])
        answer.status_code = 202
        return answer

    @routes.post("/password/reset/confirm", response_model=Done)
    async def confirm(request: Request, body: ResetConfirmation) -> Response:
        """Set a new password with the token from the e-mail, once."""
        await desk.reset.confirm(body.token, body.password.get_secret_value(), visitor(request))
        return done(CHANGED[request.state.language])

    @routes.get("/me", response_model=Success[Me])
    async def me(call: Caller) -> Response:
        """Who is signed in, and what they may do."""
        user = await desk.users.me(call)
        shown = UserInfo.of(user).model_dump()
        return success(Me(**shown, permissions=sorted(call.principal.permissions)))

    @routes.put("/password", response_model=Done)
    async def change_password(call: Caller, body: PasswordChange) -> Response:
        """Change one's own password: all sessions and API keys end, this session too."""
        await desk.users.change_password(
            call,
            current=body.current_password.get_secret_value(),
            new=body.new_password.get_secret_value(),
        )
        return done(CHANGED[call.language])

    @routes.get("/sessions", response_model=Success[SessionList])
    async def sessions(call: Caller) -> Response:
        """One's own living sessions, newest first."""
        found = await accounts.sessions(call.principal)
        listed = [SessionInfo.of(one, current=call.principal.session) for one in found]
        return success(SessionList(sessions=listed))

    @routes.delete("/sessions", response_model=Done)
    async def end_sessions(call: Caller) -> Response:
        """End all of one's sessions but this one."""
        await accounts.log_out_everywhere(call, but_here=True)
        return done(ENDED[call.language])

    @routes.delete("/sessions/{session}", response_model=Done)
    async def end_session(call: Caller, session: str) -> Response:
        """End one of one's own sessions."""
        await accounts.end_session(call, session)
        return done(ENDED[call.language])

    @routes.post("/ws-ticket", response_model=Success[SocketTicket])
    async def ws_ticket(call: Caller) -> Response:
        """A single-use ticket that opens one WebSocket within 30 seconds."""
        return success(await accounts.socket_ticket(call.principal))

    return routes

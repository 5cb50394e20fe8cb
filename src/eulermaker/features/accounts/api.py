"""Sign-in of family 000 (and 002, which shares its login)."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.requests import Request
from starlette.responses import Response

from eulermaker.dialects.success import Success, success
from eulermaker.features.accounts.callers import Callers, bearer_token
from eulermaker.features.accounts.schemas import Login, Me, Refresh, SocketTicket, Tokens
from eulermaker.features.accounts.service import Accounts
from eulermaker.kernel.call import PERMISSIONS, Call


def router(accounts: Accounts, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/auth`."""
    routes = APIRouter(prefix="/api/v1/auth", tags=["auth"])

    @routes.post("/login", response_model=Success[Tokens])
    async def login(body: Login) -> Response:
        """Sign in with a user name or an e-mail address and a password."""
        assert body.who is not None
        return success(await accounts.login(body.who, body.password.get_secret_value()))

    @routes.post("/refresh", response_model=Success[Tokens])
    async def refresh(request: Request, body: Annotated[Refresh | None, Body()] = None) -> Response:
        """Trade a refresh token, or the bearer token of a living session, for new tokens."""
        if body and body.refresh_token:
            return success(await accounts.refresh_by_token(body.refresh_token))
        return success(await accounts.refresh_by_bearer(bearer_token(request.scope)))

    @routes.get("/me", response_model=Success[Me])
    async def me(call: Annotated[Call, Depends(callers.of_request)]) -> Response:
        """Who is signed in, and what the role allows."""
        who = call.principal
        allowed = sorted(PERMISSIONS[who.role])
        return success(Me(id=who.user, username=who.username, role=who.role, permissions=allowed))

    @routes.post("/ws-ticket", response_model=Success[SocketTicket])
    async def ws_ticket(call: Annotated[Call, Depends(callers.of_request)]) -> Response:
        """A single-use ticket that opens one WebSocket within 30 seconds."""
        return success(await accounts.socket_ticket(call.principal))

    return routes

"""From a request or a socket to the call: who is asking."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import Scope
from starlette.websockets import WebSocket

from eulermaker.features.accounts.faults import ORIGIN_REFUSED, TOKEN_MALFORMED, TOKEN_MISSING
from eulermaker.features.accounts.keyring import PREFIX
from eulermaker.features.accounts.service import Accounts, Visitor
from eulermaker.kernel.call import Call, Principal
from eulermaker.kernel.sockets import Places


class Callers:
    """Authenticates requests and sockets."""

    def __init__(self, accounts: Accounts, places: Places, *, allowed_origins: tuple[str, ...]) -> None:
        self._accounts = accounts
        self._places = places
        self._allowed_origins = frozenset(origin.rstrip("/") for origin in allowed_origins)

    async def of_request(self, connection: HTTPConnection) -> Call:
        """The call of a request, which the gate may have found already; raises as `of_scope`."""
        found: Call | None = connection.scope["state"].get("call")
        return found or await self.of_scope(connection.scope)

    async def of_scope(self, scope: Scope) -> Call:
        """The call of what has this ASGI scope; raises a fault of kind `unauthenticated`."""
        return _call(await self._accounts.authenticate(shown_token(scope)), scope)

    async def of_socket(self, websocket: WebSocket) -> Call:
        """The call of a socket, by `Authorization` or by `?ticket=`; it takes one of the caller's places.

        Raises `origin-refused` when a browser opens it from another site, `too-many-sockets`, else
        as `of_request`.
        """
        self._check_origin(websocket)
        ticket = websocket.query_params.get("ticket")
        if ticket is None:
            call = await self.of_request(websocket)
        else:
            call = _call(await self._accounts.redeem_ticket(ticket), websocket.scope)
        principal = call.principal
        websocket.state.owner = (principal.user, principal.session or principal.key)
        await self._places.take(websocket.state.place, principal.user)
        return call

    def user_of(self, authorization: str) -> str | None:
        """Whose genuine token an Authorization header carries, if any; no look at the database."""
        scheme, _, token = authorization.partition(" ")
        return self._accounts.user_of(token.strip()) if scheme.lower() == "bearer" else None

    def user_of_key(self, key: str) -> str | None:
        """Whose API key it is, if that was looked up lately; no look at the database."""
        return self._accounts.user_of(key.strip()) if key.startswith(PREFIX) else None

    def _check_origin(self, websocket: WebSocket) -> None:
        origin = websocket.headers.get("origin")
        if origin is None or origin.rstrip("/") in self._allowed_origins:
            return
        if _authority(origin) != websocket.headers.get("host"):
            raise ORIGIN_REFUSED()


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # Such as a bracket that is never closed.
        return None


def _call(principal: Principal, scope: Scope) -> Call:
    client = scope.get("client")
    call = Call(principal, scope["state"]["language"], client[0] if client else "")
    # Where errors are answered it is known who is told.
    scope["state"]["call"] = call
    return call


def visitor(connection: HTTPConnection) -> Visitor:
    """Where a request comes from, for routes that need no token."""
    address = connection.client.host if connection.client else ""
    return Visitor(address, connection.headers.get("user-agent", ""), connection.state.language)


def shown_token(scope: Scope) -> str:
    """The bearer token, else the API key of `X-API-Key`."""
    key = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return bearer_token(scope)
        if name == b"x-api-key":
            key = value
    if not key:
        return bearer_token(scope)
    # Whatever is in this header is meant as a key.
    text = key.decode("latin-1")
    return text if text.startswith(PREFIX) else f"{PREFIX}{text}"


def bearer_token(scope: Scope) -> str:
    """The bearer token of the Authorization header (RFC 6750 §2.1)."""
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    if not header:
        raise TOKEN_MISSING(details={"reason": "missing_token"})
    scheme, _, token = header.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TOKEN_MALFORMED(details={"expectedFormat": "Bearer <token>"})
    return token.strip()

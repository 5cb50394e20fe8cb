"""From a request or a socket to the call: who is asking."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from eulermaker.features.accounts.faults import ORIGIN_REFUSED, TOKEN_MALFORMED, TOKEN_MISSING
from eulermaker.features.accounts.service import Accounts
from eulermaker.kernel.call import Call


class Callers:
    """Authenticates requests and sockets."""

    def __init__(self, accounts: Accounts, *, allowed_origins: tuple[str, ...]) -> None:
        self._accounts = accounts
        self._allowed_origins = frozenset(origin.rstrip("/") for origin in allowed_origins)

    async def of_request(self, connection: HTTPConnection) -> Call:
        """The call of a request; raises a fault of kind `unauthenticated`."""
        principal = await self._accounts.authenticate(bearer_token(connection))
        return Call(principal, connection.state.language)

    async def of_socket(self, websocket: WebSocket) -> Call:
        """The call of a socket, by `Authorization` or by `?ticket=`.

        Raises `origin-refused` when a browser opens it from another site, else as `of_request`.
        """
        self._check_origin(websocket)
        ticket = websocket.query_params.get("ticket")
        if ticket is None:
            return await self.of_request(websocket)
        return Call(await self._accounts.redeem_ticket(ticket), websocket.state.language)

    def _check_origin(self, websocket: WebSocket) -> None:
        origin = websocket.headers.get("origin")
        if origin is None or origin.rstrip("/") in self._allowed_origins:
            return
        if urlsplit(origin).netloc != websocket.headers.get("host"):
            raise ORIGIN_REFUSED()


def bearer_token(connection: HTTPConnection) -> str:
    """The bearer token of the Authorization header (RFC 6750 §2.1)."""
    header = connection.headers.get("authorization")
    if not header:
        raise TOKEN_MISSING()
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TOKEN_MALFORMED(details={"expectedFormat": "Bearer <token>"})
    return token.strip()

"""Signing in, and the tokens that follow from it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import httpx

from eulermaker.client.errors import ConnectionFailed, ServerError, Timeout, Unauthenticated
from eulermaker.client.retry import Retry
from eulermaker.client.tokens import Tokens, TokenStore
from eulermaker.client.wire import Call, Wire, data_of

T = TypeVar("T")

# The slug, and what family 000 says instead where the slug can't be had.
_EXPIRED = {"token-expired", "UNAUTHORIZED"}


class Auth:
    """The session of one client.

    Renewals are single-flight: whoever comes second takes the first one's result.
    """

    def __init__(
        self, wire: Wire, store: TokenStore, retry: Retry, *, username: str | None, password: str | None
    ) -> None:
        self._wire = wire
        self._store = store
        self._retry = retry
        self._username = username
        self._password = password

    @property
    def tokens(self) -> Tokens | None:
        """The tokens of the session; None while nobody is signed in."""
        return self._store.read()

    def login(
        self, username: str | None = None, password: str | None = None, *, code: str | None = None
    ) -> Tokens:
        """Signs in and keeps the tokens; what is left out is as the client was told.

        Unauthenticated with the code `mfa-required` asks for the `code` of the second factor.
        """
        self._username = username or self._username
        self._password = password or self._password
        return self._retry.call(lambda: self._locked_login(code))

    def logout(self) -> None:
        """Ends the session on the server; the tokens hold no more."""
        call = Call(method="POST", path="/auth/logout")
        with self.open(call) as response:
            response.read()

    def refresh(self) -> Tokens:
        """Renews the tokens now; Unauthenticated when there is nothing to renew."""
        stale = self._store.read()
        return self._retry.call(lambda: self._renew(stale))

    @contextmanager
    def open(self, call: Call) -> Iterator[httpx.Response]:
        """The response to `call` by the user signed in; an expired token is renewed once on the way."""
        with ExitStack() as stack:
            yield self.authorised(lambda token: stack.enter_context(self._wire.open(call, token=token)))

    def authorised(self, attempt: Callable[[str | None], T]) -> T:
        """What `attempt` returns for the access token; tried once more when that has expired."""
        tokens = self._current()
        try:
            return attempt(tokens.access if tokens else None)
        except Unauthenticated as error:
            if tokens is None or error.code not in _EXPIRED:
                raise
        return attempt(self._renew(tokens).access)

    def _current(self) -> Tokens | None:
        tokens = self._store.read()
        if tokens is None and self._password is not None:
            return self._renew(None)
        return tokens

    def _renew(self, stale: Tokens | None) -> Tokens:
        with self._store.locked():
            current = self._store.read()
            if current is None:
                return self._login()
            if stale is None or current.access != stale.access:
                return current
            try:
                return self._refresh(current)
            except Unauthenticated:
                if self._password is None:
                    raise
                return self._login()

    def _refresh(self, current: Tokens) -> Tokens:
        if current.refresh is not None:
            return self._refresh_by_token(current.access, current.refresh)
        return self._obtain(Call(method="POST", path="/auth/refresh"), token=current.access)

    def _refresh_by_token(self, access: str, refresh: str) -> Tokens:
        call = Call(method="POST", path="/auth/refresh", json={"refresh_token": refresh})
        try:
            return self._obtain(call, token=None)
        except (ConnectionFailed, Timeout):
            # Perhaps it was used up and only the answer got lost; a second use would end the session.
            # The access token renews itself as long as the session lives.
            self._store.write(Tokens(access))
            raise

    def _locked_login(self, code: str | None) -> Tokens:
        with self._store.locked():
            return self._login(code)

    def _login(self, code: str | None = None) -> Tokens:
        if self._username is None or self._password is None:
            raise Unauthenticated("not-signed-in", "Nobody is signed in")
        credentials = {"username": self._username, "password": self._password}
        if code is not None:
            credentials["totp_code"] = code
        return self._obtain(Call(method="POST", path="/auth/login", json=credentials), token=None)

    def _obtain(self, call: Call, *, token: str | None) -> Tokens:
        with self._wire.open(call, token=token) as response:
            tokens = _tokens(data_of(response))
        self._store.write(tokens)
        return tokens


def _tokens(data: Any) -> Tokens:
    match data:
        case {"token": str(access), **rest}:
            refresh, expires_in = rest.get("refresh_token"), rest.get("expires_in")
            return Tokens(
                access,
                refresh if isinstance(refresh, str) else None,
                expires_in if isinstance(expires_in, int) else None,
            )
        case _:
            raise ServerError("unexpected-answer", "The server's answer to signing in has no token")

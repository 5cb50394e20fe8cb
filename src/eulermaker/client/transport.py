"""Calls as the signed-in user, sent again where that is safe."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import httpx
from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from eulermaker.client.auth import Auth
from eulermaker.client.retry import Retry
from eulermaker.client.wire import Call, Wire, data_of


class Transport:
    """What the resources of the client send their calls through."""

    def __init__(self, auth: Auth, wire: Wire, retry: Retry) -> None:
        self._auth = auth
        self._wire = wire
        self.retry = retry

    def data(self, call: Call) -> Any:
        """The `data` of the answer, after as many attempts as the policy allows."""
        return self.retry.call(lambda: self._data(call))

    def open(self, call: Call) -> AbstractContextManager[httpx.Response]:
        """One attempt, its body still to be read."""
        return self._auth.open(call)

    @contextmanager
    def stream(self, call: Call) -> Iterator[Iterator[bytes]]:
        """The bytes of an answer, begun after as many attempts as the policy allows."""
        with ExitStack() as stack:
            response = self.retry.call(lambda: stack.enter_context(self._auth.open(call)))
            yield response.iter_bytes()

    def socket(
        self, path: str, params: Mapping[str, str | int], *, subprotocol: Subprotocol | None = None
    ) -> ClientConnection:
        """One attempt to open a socket."""
        return self._auth.authorised(
            lambda token: self._wire.socket(path, params, token=token, subprotocol=subprotocol)
        )

    def _data(self, call: Call) -> Any:
        with self._auth.open(call) as response:
            return data_of(response)

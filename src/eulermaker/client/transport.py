"""Calls as the signed-in user, sent again where that is safe."""

from contextlib import AbstractContextManager
from typing import Any

import httpx

from eulermaker.client.auth import Auth
from eulermaker.client.retry import Retry
from eulermaker.client.wire import Call, data_of


class Transport:
    """What the resources of the client send their calls through."""

    def __init__(self, auth: Auth, retry: Retry) -> None:
        self._auth = auth
        self.retry = retry

    def data(self, call: Call) -> Any:
        """The `data` of the answer, after as many attempts as the policy allows."""
        return self.retry.call(lambda: self._data(call))

    def open(self, call: Call) -> AbstractContextManager[httpx.Response]:
        """One attempt, its body still to be read."""
        return self._auth.open(call)

    def _data(self, call: Call) -> Any:
        with self._auth.open(call) as response:
            return data_of(response)

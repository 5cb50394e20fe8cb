"""Where a client keeps the tokens of its session."""

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from eulermaker.client.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and, where the server gave one, the single-use refresh token that renews it."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_in: int | None = None

    def __post_init__(self) -> None:
        if not self.access.isascii() or not self.access.isprintable() or " " in self.access:
            raise InvalidRequest("invalid-token", "The access token has characters that no token has")


class TokenStore(Protocol):
    """Keeps one session's tokens, for all who share the session.

    A refresh token works once and its reuse ends the session, so a renewal reads, asks and writes while it
    holds `locked()`, which must exclude everyone else who uses the same store, other processes included.
    """

    def read(self) -> Tokens | None: ...

    def write(self, tokens: Tokens) -> None: ...

    def locked(self) -> AbstractContextManager[object]: ...


class MemoryTokens:
    """Tokens that live as long as the process."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    def read(self) -> Tokens | None:
        return self._tokens

    def write(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def locked(self) -> AbstractContextManager[object]:
        return self._lock

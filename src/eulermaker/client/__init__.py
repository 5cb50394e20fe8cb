"""Typed client of the EulerMaker API: `with Client("http://localhost:8080", token=…) as client: …`."""

from eulermaker.client.client import Client
from eulermaker.client.errors import (
    Conflict,
    ConnectionFailed,
    Corrupted,
    EulerMakerError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    Unauthenticated,
    Unavailable,
)
from eulermaker.client.follow import Follow
from eulermaker.client.models import (
    TERMINAL,
    Artifact,
    Build,
    BuildPage,
    Health,
    LogLine,
    LogPage,
    RpmInfo,
    Transition,
)
from eulermaker.client.retry import Retry
from eulermaker.client.tokens import MemoryTokens, Tokens, TokenStore
from eulermaker.client.transfer import Progress

__all__ = [
    "TERMINAL",
    "Artifact",
    "Build",
    "BuildPage",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Corrupted",
    "EulerMakerError",
    "Follow",
    "Forbidden",
    "Health",
    "InvalidRequest",
    "LogLine",
    "LogPage",
    "MemoryTokens",
    "NotFound",
    "Progress",
    "RateLimited",
    "Retry",
    "RpmInfo",
    "ServerError",
    "Timeout",
    "TokenStore",
    "Tokens",
    "Transition",
    "Unauthenticated",
    "Unavailable",
]

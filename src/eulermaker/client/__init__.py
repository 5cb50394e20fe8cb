"""Typed client of the EulerMaker API: `with Client("http://localhost:8080", token=…) as client: …`."""

from eulermaker.client.client import Client
from eulermaker.client.container_log import ContainerLog
from eulermaker.client.container_models import (
    BatchResult,
    BatchResults,
    Container,
    ContainerChange,
    ContainerConfig,
    ContainerEvent,
    ContainerLogEntry,
    ContainerLogs,
    ContainerPage,
    ContainerSummary,
    ContainerUpdate,
    Executed,
    Processes,
    Stats,
    Verdict,
)
from eulermaker.client.containers import Action
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
from eulermaker.client.events import EventStream
from eulermaker.client.follow import Follow
from eulermaker.client.images import ImageDetail, ImagePage, ImageSummary, Pull
from eulermaker.client.models import (
    TERMINAL,
    Artifact,
    Build,
    BuildPage,
    Health,
    LogLine,
    LogPage,
    Record,
    RpmInfo,
    Transition,
)
from eulermaker.client.retry import Retry
from eulermaker.client.system import Maintenance, Resources, SystemInfo
from eulermaker.client.terminal_session import TerminalSession
from eulermaker.client.terminals import Dimensions, Terminal, TerminalPage
from eulermaker.client.tokens import MemoryTokens, Tokens, TokenStore
from eulermaker.client.transfer import Progress

__all__ = [
    "TERMINAL",
    "Action",
    "Artifact",
    "BatchResult",
    "BatchResults",
    "Build",
    "BuildPage",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Container",
    "ContainerChange",
    "ContainerConfig",
    "ContainerEvent",
    "ContainerLog",
    "ContainerLogEntry",
    "ContainerLogs",
    "ContainerPage",
    "ContainerSummary",
    "ContainerUpdate",
    "Corrupted",
    "Dimensions",
    "EulerMakerError",
    "EventStream",
    "Executed",
    "Follow",
    "Forbidden",
    "Health",
    "ImageDetail",
    "ImagePage",
    "ImageSummary",
    "InvalidRequest",
    "LogLine",
    "LogPage",
    "Maintenance",
    "MemoryTokens",
    "NotFound",
    "Processes",
    "Progress",
    "Pull",
    "RateLimited",
    "Record",
    "Resources",
    "Retry",
    "RpmInfo",
    "ServerError",
    "Stats",
    "SystemInfo",
    "Terminal",
    "TerminalPage",
    "TerminalSession",
    "Timeout",
    "TokenStore",
    "Tokens",
    "Transition",
    "Unauthenticated",
    "Unavailable",
    "Verdict",
]

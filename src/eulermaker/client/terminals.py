"""Terminals: commands in containers, to be typed into."""

from collections.abc import Mapping
from datetime import datetime

from eulermaker.client.models import Record, parse
from eulermaker.client.terminal_session import TerminalSession
from eulermaker.client.transport import Transport
from eulermaker.client.wire import Call, segment


class Dimensions(Record):
    """The size of a terminal in characters."""

    cols: int = 80
    rows: int = 24


class Terminal(Record):
    """A terminal; from a list, only what the list tells.

    `seq` counts the bytes of its output so far; `reason` and `exit_code` are told once it has ended.
    """

    session_id: str
    container_id: str
    command: str
    status: str
    created_at: datetime
    last_activity: datetime | None = None
    dimensions: Dimensions | None = None
    username: str | None = None
    viewers: int | None = None
    seq: int | None = None
    reason: str | None = None
    exit_code: int | None = None


class TerminalPage(Record):
    sessions: tuple[Terminal, ...]
    total: int


class Terminals:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        container: str,
        *,
        command: str = "/bin/sh",
        user: str | None = None,
        working_dir: str | None = None,
        environment: Mapping[str, str] | None = None,
        tty: bool = True,
        stdin: bool = True,
        dimensions: Dimensions | None = None,
    ) -> Terminal:
        """Starts a command in a running container; `command` is split into words as a shell does."""
        body = {
            "container_id": container,
            "command": command,
            "user": user,
            "working_dir": working_dir,
            "environment": dict(environment or {}),
            "tty": tty,
            "stdin": stdin,
            "dimensions": (dimensions or Dimensions()).model_dump(),
        }
        given = {name: value for name, value in body.items() if value is not None}
        return parse(Terminal, self._transport.data(Call(method="POST", path="/terminals", json=given)))

    def list(
        self, *, container: str | None = None, status: str | None = None, limit: int = 20, offset: int = 0
    ) -> TerminalPage:
        """One page of the terminals that the user may use, the newest first."""
        params: dict[str, str | int] = {"limit": limit, "offset": offset}
        if container is not None:
            params["container_id"] = container
        if status is not None:
            params["status"] = status
        return parse(TerminalPage, self._transport.data(Call(method="GET", path="/terminals", params=params)))

    def get(self, terminal: str) -> Terminal:
        """All that is known about a terminal."""
        return parse(Terminal, self._transport.data(Call(method="GET", path=_path(terminal))))

    def resize(self, terminal: str, dimensions: Dimensions) -> None:
        """Changes a terminal's size."""
        call = Call(method="POST", path=_path(terminal, "resize"), json=dimensions.model_dump())
        self._transport.data(call)

    def close(self, terminal: str) -> None:
        """Ends a terminal: its processes are hung up, then killed."""
        self._transport.data(Call(method="DELETE", path=_path(terminal)))

    def attach(self, terminal: str, *, since: int | None = None, view: bool = False) -> TerminalSession:
        """A socket at a terminal: its output from byte `since` on, else all that is kept of it."""
        return TerminalSession(self._transport, segment(terminal), since=since, view=view)


def _path(terminal: str, *parts: str) -> str:
    return "/".join(("/terminals", segment(terminal), *parts))

"""Public shapes of the terminals."""

import re
import shlex
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, field_validator

from eulermaker.kernel.clock import rfc3339
from eulermaker.kernel.validation import Text, refusal

MAX_ENTRIES = 100
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]
Status = Literal["active", "closed"]
#: Why a terminal ended: by itself, by somebody, by a limit, or with the engine or the server.
Reason = Literal["exited", "closed", "idle", "expired", "abandoned", "engine-lost", "shutdown", "failed"]


class Dimensions(BaseModel):
    """The size of a terminal in characters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cols: Annotated[int, Field(ge=1, le=1000)] = 80
    rows: Annotated[int, Field(ge=1, le=1000)] = 24


class NewTerminal(BaseModel):
    """A command to run in a container, and to type into."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    container_id: Annotated[Text, Field(min_length=1, max_length=128)]
    command: Annotated[Text, Field(min_length=1, max_length=4096)] = "/bin/sh"
    user: Annotated[Text, Field(min_length=1, max_length=128)] | None = None
    working_dir: Annotated[Text, Field(min_length=1, max_length=4096)] | None = None
    environment: Annotated[
        dict[Text, Annotated[Text, Field(max_length=32_768)]], Field(max_length=MAX_ENTRIES)
    ] = {}
    tty: bool = True
    stdin: bool = True
    dimensions: Dimensions = Dimensions()

    @field_validator("command")
    @classmethod
    def _is_command(cls, value: str) -> str:
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise refusal(zh="引号不成对", en="A quotation mark is not closed") from error
        if not words:
            raise refusal(zh="不能为空", en="A command is needed")
        return value

    @field_validator("working_dir")
    @classmethod
    def _is_absolute(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("/"):
            raise refusal(zh="必须是以 / 开头的绝对路径", en="An absolute path is needed: it starts with /")
        return value

    @field_validator("environment")
    @classmethod
    def _are_variables(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _VARIABLE.fullmatch(name):
                raise refusal(
                    zh=f"{name[:80]!r} 不是有效的变量名，只能用字母、数字和下划线",
                    en=f"{name[:80]!r} is no variable name: use letters, digits and underscores",
                )
        return value

    @property
    def words(self) -> tuple[str, ...]:
        """The command's words, split as a shell does."""
        return tuple(shlex.split(self.command))


class Opened(BaseModel):
    """A terminal that was just opened."""

    session_id: str
    container_id: str
    command: str
    status: Status
    created_at: Time
    websocket_url: str
    dimensions: Dimensions


class TerminalRow(BaseModel):
    """A terminal in the list; `viewers` counts its sockets."""

    session_id: str
    container_id: str
    command: str
    status: Status
    created_at: Time
    last_activity: Time
    username: str
    viewers: int


class TerminalList(BaseModel):
    """Terminals, newest first."""

    sessions: list[TerminalRow]
    total: int


class TerminalDetail(TerminalRow):
    """Everything about one terminal; `reason` and `exit_code` are told once it has ended.

    `seq` counts the bytes of output so far: where a socket that resumes now would go on.
    """

    dimensions: Dimensions
    environment: dict[str, str]
    user: str | None
    working_dir: str | None
    tty: bool
    stdin: bool
    seq: int
    reason: Reason | None
    exit_code: int | None


class Resized(BaseModel):
    """A terminal's new size."""

    session_id: str
    dimensions: Dimensions

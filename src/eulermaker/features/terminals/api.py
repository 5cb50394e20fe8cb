"""The terminals of family 000."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

from anyio import open_file
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.terminals.recording import MEDIA_TYPE
from eulermaker.features.terminals.schemas import (
    Dimensions,
    NewTerminal,
    Opened,
    Resized,
    TerminalDetail,
    TerminalList,
    TerminalRow,
)
from eulermaker.features.terminals.service import Terminals
from eulermaker.features.terminals.session import Session
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT
from eulermaker.kernel.validation import Text

CHUNK = 256 * 1024

OPENED = {"zh": "终端会话创建成功", "en": "Terminal opened"}
RESIZED = {"zh": "终端尺寸调整成功", "en": "Terminal resized"}
CLOSED = {"zh": "终端会话已关闭", "en": "Terminal closed"}


def router(terminals: Terminals, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/terminals`."""
    routes = APIRouter(prefix="/api/v1/terminals", tags=["terminals"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.post("", status_code=201, response_model=Success[Opened])
    async def create(call: Caller, request: Request, body: NewTerminal) -> Response:
        """Start a command in a running container, to be typed into over its WebSocket."""
        session = await terminals.open(call, body)
        scheme = "wss" if request.url.scheme == "https" else "ws"
        opened = Opened(
            session_id=session.id,
            container_id=_container_id(session),
            command=session.new.command,
            status=session.status,
            created_at=session.created_at,
            websocket_url=f"{scheme}://{request.url.netloc}/ws/terminals/{session.id}",
            dimensions=session.dimensions,
        )
        return success(opened, message=OPENED[call.language], status=201)

    @routes.get("", response_model=Success[TerminalList])
    async def list_terminals(
        call: Caller,
        container_id: Annotated[Text | None, Query(max_length=128)] = None,
        status: Literal["active", "closed", "all"] = "all",
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """The terminals that the caller may use, newest first."""
        found = terminals.all(call, container=container_id, status=None if status == "all" else status)
        rows = [_row(session) for session in found[offset : offset + limit]]
        return success(TerminalList(sessions=rows, total=len(found)))

    @routes.get("/{terminal}", response_model=Success[TerminalDetail])
    async def detail(call: Caller, terminal: str) -> Response:
        """Everything about one terminal."""
        return success(_detail(terminals.get(call, terminal)))

    @routes.post("/{terminal}/resize", response_model=Success[Resized])
    async def resize(call: Caller, terminal: str, body: Dimensions) -> Response:
        """Change a terminal's size."""
        await terminals.resize(call, terminal, body)
        return success(Resized(session_id=terminal, dimensions=body), message=RESIZED[call.language])

    @routes.delete("/{terminal}", response_model=Done)
    async def close(call: Caller, terminal: str) -> Response:
        """End a terminal: its processes are hung up, then killed."""
        await terminals.close(call, terminal)
        return done(CLOSED[call.language])

    @routes.get(
        "/{terminal}/recording",
        response_class=StreamingResponse,
        responses={200: {"content": {MEDIA_TYPE: {}}, "description": "An asciicast v2 file"}},
    )
    async def recording(call: Caller, terminal: str) -> Response:
        """What the terminal has printed so far, with its times, as asciicast v2."""
        kept = await terminals.recording(call, terminal)
        headers = {
            "Content-Length": str(kept.size),
            "Content-Disposition": f'attachment; filename="{kept.path.name}"',
        }
        return StreamingResponse(_first(kept.path, kept.size), media_type=MEDIA_TYPE, headers=headers)

    return routes


async def _first(path: Path, size: int) -> AsyncIterator[bytes]:
    """So many bytes of a file that may be growing."""
    async with await open_file(path, "rb") as file:
        while size > 0 and (piece := await file.read(min(size, CHUNK))):
            size -= len(piece)
            yield piece


def _container_id(session: Session) -> str:
    return f"container_{session.container[:12]}"


def _row(session: Session) -> TerminalRow:
    return TerminalRow(
        session_id=session.id,
        container_id=_container_id(session),
        command=session.new.command,
        status=session.status,
        created_at=session.created_at,
        last_activity=session.last_activity,
        username=session.call.principal.username,
        viewers=len(session.viewers),
    )


def _detail(session: Session) -> TerminalDetail:
    new = session.new
    return TerminalDetail(
        **dict(_row(session)),
        dimensions=session.dimensions,
        environment=new.environment,
        user=new.user,
        working_dir=new.working_dir,
        tty=new.tty,
        stdin=new.stdin,
        seq=session.scrollback.end,
        reason=session.reason if session.status == "closed" else None,
        exit_code=session.exit_code,
    )

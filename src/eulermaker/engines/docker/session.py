"""BuildKit's client session: the engine asks us for the files of a context, and for its Dockerfile.

So the Dockerfile need not lie among the files that a `COPY . .` copies. The protocol is fsutil's, as
BuildKit's `session/filesync` speaks it: we tell the entries in order, the engine asks for contents by
number, each ends with an empty piece.
"""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from enum import IntEnum
from functools import partial

import anyio
import structlog
from anyio import to_thread

from eulermaker.engines.docker.connection import EngineAnswer
from eulermaker.engines.docker.grpc import GrpcError, GrpcServer, RpcCall
from eulermaker.engines.docker.hijack import hijacked
from eulermaker.engines.docker.wire import WireError, bytes_field, fields_of, number_field
from eulermaker.engines.port import ENGINE_REFUSED, ContextEntry, ServedContext
from eulermaker.kernel.faults import Fault

log = structlog.get_logger("eulermaker.engine")

_DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy"
_HEALTH = "/grpc.health.v1.Health/Check"
_SERVING = bytes((0x08, 0x01))
_PIECE = 32 * 1024
_BATCH = 256
_GO_MODE_DIR = 1 << 31


class _Packet(IntEnum):
    STAT = 0
    REQUEST = 1
    DATA = 2
    END = 3
    ERROR = 4


@asynccontextmanager
async def session(host: str, version: str, context: ServedContext) -> AsyncIterator[str]:
    """Serve the context for as long as the block lasts; the name of the session is for `POST /build`.

    Raises `engine-refused` where the engine knows no sessions, and `engine-unavailable`.
    """
    name = uuid.uuid4().hex
    headers = [
        ("X-Docker-Expose-Session-Uuid", name),
        ("X-Docker-Expose-Session-Name", "eulermaker"),
        # Never shared: the engine would take a file of the same size and time for the same file.
        ("X-Docker-Expose-Session-Sharedkey", name),
        *(("X-Docker-Expose-Session-Grpc-Method", method) for method in (_DIFF_COPY, _HEALTH)),
    ]
    try:
        async with hijacked(host, f"/v{version}/session", protocol="h2c", headers=headers) as stream:
            server = GrpcServer(stream, {_DIFF_COPY: partial(_send_files, context), _HEALTH: _healthy})
            failure: Exception | None = None
            async with anyio.create_task_group() as group:
                group.start_soon(_serve, server)
                try:
                    yield name
                except Exception as error:  # noqa: BLE001  # raised below: a task group would wrap it
                    failure = error
                group.cancel_scope.cancel()
            if failure is not None:
                raise failure
    except EngineAnswer as error:
        raise ENGINE_REFUSED() from error


async def _serve(server: GrpcServer) -> None:
    try:
        await server.serve()
    except (GrpcError, WireError, Fault) as error:
        # The build that lacks its session fails, and its own answer tells that.
        log.warning("engine.session_lost", error=str(error))


async def _healthy(call: RpcCall) -> None:
    await call.send(_SERVING)


async def _send_files(context: ServedContext, call: RpcCall) -> None:
    """Send what the engine asks for of one of the two directories."""
    entries: Sequence[ContextEntry] = ()
    read: Callable[[ContextEntry], Iterator[bytes]] = context.read
    match call.metadata.get("dir-name"):
        case "context":
            entries = sorted(context.entries, key=_place)
        case "dockerfile":
            entries = (context.dockerfile_entry,)
            read = partial(_dockerfile_of, context)
    for at in range(0, len(entries), _BATCH):
        await call.send(*(_packet(_Packet.STAT, stat=_stat(entry)) for entry in entries[at : at + _BATCH]))
    await call.send(_packet(_Packet.STAT))
    async for message in call.messages():
        kind, number = _read(message)
        match kind:
            case _Packet.REQUEST if number < len(entries):
                await _send_file(call, number, read(entries[number]))
            case _Packet.END:
                await call.send(_packet(_Packet.END))
                return
            case other:
                raise GrpcError(f"packet {other} of entry {number}")


def _dockerfile_of(context: ServedContext, _: ContextEntry) -> Iterator[bytes]:
    return iter((context.dockerfile_content,))


async def _send_file(call: RpcCall, number: int, content: Iterator[bytes]) -> None:
    while chunk := await to_thread.run_sync(next, content, b""):
        for at in range(0, len(chunk), _PIECE):
            await call.send(_packet(_Packet.DATA, number=number, data=chunk[at : at + _PIECE]))
    await call.send(_packet(_Packet.DATA, number=number))


def _place(entry: ContextEntry) -> list[bytes]:
    """The order in which the engine wants them: a directory before what lies in it."""
    return entry.path.encode().split(b"/")


def _stat(entry: ContextEntry) -> bytes:
    mode = entry.mode | (_GO_MODE_DIR if entry.directory else 0)
    size = number_field(5, entry.size)
    return bytes_field(1, entry.path.encode()) + number_field(2, mode) + size


def _packet(kind: _Packet, *, stat: bytes | None = None, number: int = 0, data: bytes = b"") -> bytes:
    told = b"" if stat is None else bytes_field(2, stat)
    return number_field(1, kind) + told + number_field(3, number) + (bytes_field(4, data) if data else b"")


def _read(message: bytes) -> tuple[int, int]:
    """Kind and number of a packet."""
    found = dict(fields_of(message))
    kind, number = found.get(1, 0), found.get(3, 0)
    if not (isinstance(kind, int) and isinstance(number, int)):
        raise WireError("a packet of the wrong type")
    return kind, number

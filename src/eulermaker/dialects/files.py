"""Files as answers: whole, by a range, or not at all when the client has them (RFC 9110 §13, §14)."""

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import quote

from anyio import open_file
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from eulermaker.kernel.faults import Entry, Kind, documented

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

RANGE_NOT_SATISFIABLE = Entry(
    "range-not-satisfiable",
    Kind.INVALID,
    zh="请求的字节范围超出文件大小 {size}",
    en="The byte range lies outside the file's {size} bytes",
    answers={"000": documented(400, "INVALID_REQUEST")},
)

ENTRIES = (RANGE_NOT_SATISFIABLE,)


def file_response(request: Request, path: Path, *, version: str, headers: Mapping[str, str]) -> Response:
    """The file, or the one range of it that was asked for; `version` changes whenever the content does.

    Raises `range-not-satisfiable`.
    """
    etag, size = f'"{version}"', path.stat().st_size
    told = {"ETag": etag, "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff", **headers}
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=told)
    start, end, status = 0, size, 200
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted and _sensible(wanted) and request.headers.get("if-range", etag) == etag:
        start, end = _bounds(wanted, size)
        status = 206
        told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    told["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=told, media_type="application/octet-stream")
    return StreamingResponse(
        _part(path, start, end), status_code=status, headers=told, media_type="application/octet-stream"
    )


def version_of(path: Path) -> str:
    """A version of a file that is replaced as a whole when it changes, and never written to."""
    found = path.stat()
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def attachment(name: str) -> str:
    """The Content-Disposition of a file: its name in ASCII, and in full (RFC 6266)."""
    base = name.rpartition("/")[2]
    plain, full = re.sub(r'[^\x20-\x7e]|["\\]', "_", base), quote(base, safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the header lists the tag; the weak form counts too (RFC 9110 §13.1.2)."""
    listed = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in listed or listed == ["*"]


def _sensible(wanted: re.Match[str]) -> bool:
    """Whether a range can be meant; one that cannot is ignored (RFC 9110 §14.1.1)."""
    first, last = wanted.groups()
    return bool(first or last) and not (first and last and int(first) > int(last))


def _bounds(wanted: re.Match[str], size: int) -> tuple[int, int]:
    first, last = wanted.groups()
    if first:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    else:
        start, end = max(0, size - int(last)), size
    if start >= end:
        raise RANGE_NOT_SATISFIABLE(size=size)
    return start, end


async def _part(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    async with await open_file(path, "rb") as file:
        await file.seek(start)
        while start < end and (chunk := await file.read(min(CHUNK, end - start))):
            start += len(chunk)
            yield chunk

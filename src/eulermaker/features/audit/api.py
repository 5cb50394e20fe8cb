"""The audit record, for those who may read it."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from eulermaker.dialects.success import Success, success
from eulermaker.features.audit.schemas import AuditEntry, AuditPage
from eulermaker.features.audit.service import Audit
from eulermaker.features.audit.store import Entry, Wanted
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import MAX_LIMIT
from eulermaker.kernel.validation import Text

Word = Annotated[Text, Field(max_length=128)]
#: Programs for tables take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = tuple(AuditEntry.model_fields)


class Filter(BaseModel):
    """What to look for; all that is given has to hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: Word = ""
    action: Word = ""
    resource_type: Word = ""
    resource_id: Word = ""
    result: Word = ""
    address: Word = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def wanted(self) -> Wanted:
        """The same for the store."""
        return Wanted(**{name: getattr(self, name) for name in Filter.model_fields})


class Search(Filter):
    """Which page of it: at most `limit` entries, those before the entry `before`."""

    before: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50


class Export(Filter):
    """How it is written: one JSON object a line, or a table."""

    format: Literal["ndjson", "csv"] = "ndjson"


def router(audit: Audit, caller: Callable[[Request], Awaitable[Call]]) -> APIRouter:
    """The routes under `/api/v1/system/audit`; `caller` tells who is asking."""
    routes = APIRouter(prefix="/api/v1/system/audit", tags=["audit"])
    Caller = Annotated[Call, Depends(caller)]

    @routes.get("", response_model=Success[AuditPage])
    async def search(call: Caller, query: Annotated[Search, Query()]) -> Response:
        """Who did what, newest first."""
        found = await audit.search(call, query.wanted(), before=query.before, limit=query.limit)
        entries = [AuditEntry.of(entry) for _, entry in found]
        more = len(found) == query.limit
        return success(AuditPage(entries=entries, next=found[-1][0] if more else None))

    @routes.get(
        "/export",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/x-ndjson": {}, "text/csv": {}}}},
    )
    async def export(call: Caller, query: Annotated[Export, Query()]) -> Response:
        """All of it, oldest first, as a file."""
        entries = audit.export(call, query.wanted())
        written = _csv(entries) if query.format == "csv" else _ndjson(entries)
        media = "text/csv" if query.format == "csv" else "application/x-ndjson"
        headers = {"Content-Disposition": f'attachment; filename="audit.{query.format}"'}
        return StreamingResponse(written, media_type=media, headers=headers)

    return routes


async def _ndjson(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    async for entry in entries:
        yield to_json(AuditEntry.of(entry)) + b"\n"


async def _csv(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    yield _row(_COLUMNS)
    async for entry in entries:
        shown = AuditEntry.of(entry).model_dump(mode="json")
        shown["details"] = to_json(entry.details).decode()
        yield _row(tuple(str(shown[name]) for name in _COLUMNS))


def _row(cells: tuple[str, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return line.getvalue().encode()

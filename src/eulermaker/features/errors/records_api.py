"""The routes of what clients were told, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from eulermaker.dialects.success import Success, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.errors.schemas import ErrorCounts, Occurrences
from eulermaker.features.errors.service import ErrorRecords
from eulermaker.kernel.call import Call
from eulermaker.kernel.faults import Family
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from eulermaker.kernel.validation import Text

Asked = Annotated[Text | None, Query(max_length=200)]


def router(records: ErrorRecords, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/system/errors`."""
    routes = APIRouter(prefix="/api/v1/system/errors", tags=["errors"])
    Caller = Annotated[Call, Depends(callers.of_request)]

    @routes.get("", response_model=Success[ErrorCounts])
    async def counts(
        call: Caller,
        family: Family | None = None,
        code: Asked = None,
        slug: Asked = None,
        route: Asked = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """How often clients were told what, by code, route and tenant, the most frequent first."""
        page = Page(limit, offset)
        return success(await records.counts(call, page, family=family, code=code, slug=slug, route=route))

    @routes.get("/requests/{request}", response_model=Success[Occurrences])
    async def of_request(call: Caller, request: Text) -> Response:
        """What one request was told, by the id in its X-Request-ID."""
        return success(await records.of_request(call, request))

    return routes

"""The routes of status pages: those of their owners, and those of the public."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from eulermaker.dialects.success import Done, Success, done, success
from eulermaker.features.accounts.callers import Callers
from eulermaker.features.status_pages import paint
from eulermaker.features.status_pages.faults import STATUS_PAGE_NOT_FOUND
from eulermaker.features.status_pages.schemas import NewStatusPage, StatusPageDetail, StatusPageList
from eulermaker.features.status_pages.service import FRESH_SECONDS, StatusPages
from eulermaker.kernel.call import Call
from eulermaker.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT, Page

MADE = {"zh": "状态页创建成功", "en": "Status page created"}
CHANGED = {"zh": "状态页更新成功", "en": "Status page updated"}
REMOVED = {"zh": "状态页删除成功", "en": "Status page removed"}
PUBLIC = {
    "Cache-Control": f"public, max-age={FRESH_SECONDS:.0f}",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def router(pages: StatusPages, callers: Callers) -> APIRouter:
    """The routes under `/api/v1/notifications/status-pages`, and those under `/status`."""
    routes = APIRouter(tags=["status pages"])
    Caller = Annotated[Call, Depends(callers.of_request)]
    base = "/api/v1/notifications/status-pages"

    @routes.get(base, response_model=Success[StatusPageList])
    async def list_pages(
        call: Caller,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    ) -> Response:
        """A page of status pages, by title."""
        found, total = await pages.page(call, Page(limit, offset))
        listed = [StatusPageDetail.model_validate(page) for page in found]
        return success(StatusPageList(status_pages=listed, total=total, limit=limit, offset=offset))

    @routes.post(base, status_code=201, response_model=Success[StatusPageDetail])
    async def add(call: Caller, body: NewStatusPage) -> Response:
        """Make a page that everybody can see at `/status/{slug}`."""
        made = StatusPageDetail.model_validate(await pages.add(call, body))
        return success(made, message=MADE[call.language], status=201)

    @routes.get(f"{base}/{{status_page}}", response_model=Success[StatusPageDetail])
    async def detail(call: Caller, status_page: str) -> Response:
        """One status page."""
        return success(StatusPageDetail.model_validate(await pages.get(call, status_page)))

    @routes.put(f"{base}/{{status_page}}", response_model=Success[StatusPageDetail])
    async def change(call: Caller, status_page: str, body: NewStatusPage) -> Response:
        """Change a status page."""
        changed = StatusPageDetail.model_validate(await pages.change(call, status_page, body))
        return success(changed, message=CHANGED[call.language])

    @routes.delete(f"{base}/{{status_page}}", response_model=Done)
    async def remove(call: Caller, status_page: str) -> Response:
        """Remove a status page."""
        await pages.remove(call, status_page)
        return done(REMOVED[call.language])

    @routes.get("/status/{slug}", include_in_schema=False)
    async def public_page(request: Request, slug: str) -> Response:
        """The page itself, in Chinese or English, at most fifteen seconds old."""
        picture = await pages.picture(slug)
        language = request.state.language
        headers = {**PUBLIC, "Content-Language": language, "Content-Security-Policy": paint.POLICY}
        return HTMLResponse(paint.page(picture, language), headers=headers)

    @routes.get("/status/{slug}/badge.svg", include_in_schema=False)
    async def whole_badge(request: Request, slug: str) -> Response:
        """A badge for the whole page."""
        picture = await pages.picture(slug)
        return _svg(paint.badge(picture.title, picture.state, request.state.language))

    @routes.get("/status/{slug}/badges/{probe}.svg", include_in_schema=False)
    async def probe_badge(request: Request, slug: str, probe: str) -> Response:
        """A badge for one probe of the page."""
        picture = await pages.picture(slug)
        for line in picture.lines:
            if line.probe == probe:
                return _svg(paint.badge(line.name, paint.shown_state(line), request.state.language))
        raise STATUS_PAGE_NOT_FOUND(
            page=f"{slug}/{probe}", details={"status_page": slug, "resource_type": "status_page"}
        )

    return routes


def _svg(drawing: str) -> Response:
    headers = {**PUBLIC, "Content-Security-Policy": "default-src 'none'"}
    return Response(drawing, media_type="image/svg+xml", headers=headers)

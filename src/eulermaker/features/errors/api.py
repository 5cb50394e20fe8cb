"""The catalogue of faults as a resource: what `type` of a problem points to."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from eulermaker.dialects.render import prefers_html
from eulermaker.dialects.success import Success, envelope, json_bytes
from eulermaker.features.errors.codes import Codes, Filter
from eulermaker.features.errors.faults import ERROR_NOT_FOUND
from eulermaker.features.errors.page import POLICY, page
from eulermaker.features.errors.schemas import (
    CodeDetail,
    CodeInfo,
    CodeList,
    ErrorInfo,
    code_detail,
    code_info,
    error_info,
)
from eulermaker.kernel.faults import Catalogue, Family, Fault, Language

_UNCHANGED = {"description": "What the client has is current"}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}}},
    304: _UNCHANGED,
}


def router(catalogue: Catalogue) -> APIRouter:
    """The routes under `/api/v1/errors`; none needs a token."""
    routes = APIRouter(prefix="/api/v1/errors", tags=["errors"])
    codes = Codes.of(catalogue)

    @cache
    def infos() -> tuple[CodeInfo, ...]:
        return tuple(code_info(code) for code in codes)

    @routes.get("", response_model=Success[CodeList], responses={304: _UNCHANGED})
    async def list_errors(
        request: Request,
        family: Family | None = None,
        status: Annotated[int | None, Query(ge=400, le=599)] = None,
        retryable: bool | None = None,
        planned: bool | None = None,
    ) -> Response:
        """Every code of every family, whether this server answers with it already or not."""
        wanted = Filter(family=family, status=status, retryable=retryable, planned=planned)
        found = [info for code, info in zip(codes, infos(), strict=True) if wanted.admits(code)]
        return _current(request, to_json(CodeList(errors=found, total=len(found))))

    @routes.get("/{slug}", response_model=Success[ErrorInfo], responses={304: _UNCHANGED})
    async def error(request: Request, slug: str) -> Response:
        """One fault by its slug."""
        if slug not in catalogue:
            raise _missing(slug)
        return _current(request, to_json(error_info(catalogue[slug])))

    @routes.get("/{family}/{code}", response_model=Success[CodeDetail], responses=_PAGE)
    async def code_page(
        request: Request, family: Family, code: str, language: Language | None = None
    ) -> Response:
        """One code of one family, as JSON or as a page, as `Accept` asks; `language` is the page's."""
        match codes.find(family, code):
            case (found, *others) if prefers_html(request.headers.get("accept", "")):
                shown = language or request.state.language
                return _current_page(request, page(found, others, shown), shown)
            case (found, *others):
                return _current(request, to_json(code_detail(found, *others)))
            case _:
                raise _missing(f"{family}/{code}")

    return routes


def _missing(name: str) -> Fault:
    return ERROR_NOT_FOUND(slug=name, details={"error": name, "resource_type": "error"})


def _current(request: Request, data: bytes) -> Response:
    """The data in 000's envelope, unless the client has it already."""
    # The envelope tells the time: what is compared is what it holds.
    return _unless_known(request, f'W/"{_digest(data)}"', lambda: json_bytes(envelope(data)))


def _current_page(request: Request, text: str, language: Language) -> Response:
    headers = {
        "Content-Language": language,
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return _unless_known(request, f'"{_digest(text.encode())}"', lambda: HTMLResponse(text, headers=headers))


def _unless_known(request: Request, tag: str, answer: Callable[[], Response]) -> Response:
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    response = Response(status_code=304) if known & {tag.removeprefix("W/"), "*"} else answer()
    response.headers.update({"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept, Accept-Language"})
    return response


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]

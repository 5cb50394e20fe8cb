"""The catalogue of faults as a resource: what `type` of a problem points to."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from eulermaker.dialects.render import answer_of_entry
from eulermaker.dialects.success import Success, success
from eulermaker.features.errors.faults import ERROR_NOT_FOUND
from eulermaker.kernel.faults import FAMILIES, Catalogue, Entry, Family


class FamilyAnswer(BaseModel):
    """What one family answers; `origin` tells whether its own document lists the code."""

    status: int
    code: str
    origin: str


class ErrorInfo(BaseModel):
    """One fault: its sentences and its answers in every family."""

    slug: str
    kind: str
    zh: str
    en: str
    retryable: bool
    families: dict[Family, FamilyAnswer]


class ErrorList(BaseModel):
    """The whole catalogue."""

    errors: list[ErrorInfo]


def router(catalogue: Catalogue) -> APIRouter:
    """The routes under `/api/v1/errors`; none needs a token."""
    routes = APIRouter(prefix="/api/v1/errors", tags=["errors"])

    @routes.get("", response_model=Success[ErrorList])
    async def list_errors() -> Response:
        """Every fault that this server can answer."""
        return success(ErrorList(errors=[_info(entry) for entry in catalogue]))

    @routes.get("/{slug}", response_model=Success[ErrorInfo])
    async def error(slug: str) -> Response:
        """One fault by its slug."""
        if slug not in catalogue:
            raise ERROR_NOT_FOUND(slug=slug, details={"error": slug, "resource_type": "error"})
        return success(_info(catalogue[slug]))

    return routes


def _info(entry: Entry) -> ErrorInfo:
    answers = {family: answer_of_entry(entry, family) for family in FAMILIES}
    return ErrorInfo(
        slug=entry.slug,
        kind=entry.kind.value,
        zh=entry.zh,
        en=entry.en,
        retryable=entry.retryable,
        families={f: FamilyAnswer(status=a.status, code=a.code, origin=a.origin) for f, a in answers.items()},
    )

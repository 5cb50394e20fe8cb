"""The shapes that the catalogue and the records of errors are told in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from eulermaker.dialects.documents import Text
from eulermaker.dialects.problem import page_of
from eulermaker.dialects.render import answer_of_entry
from eulermaker.features.errors.codes import Code
from eulermaker.features.errors.examples import example_body
from eulermaker.kernel.clock import Time
from eulermaker.kernel.faults import FAMILIES, Entry, Family


class Bilingual(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class FamilyAnswer(BaseModel):
    """What one family answers; `origin` tells whether its own document lists the code."""

    status: int
    code: str
    origin: str


class ErrorInfo(BaseModel):
    """One fault: its sentences, which are templates over its facts, and its answers in every family."""

    slug: str
    kind: str
    zh: str
    en: str
    retryable: bool
    retry_after: int | None
    planned: bool
    families: dict[Family, FamilyAnswer]


class Retry(BaseModel):
    """Whether trying again can help, after how many seconds, and how."""

    retryable: bool
    after: int | None
    advice: Bilingual


class CodeInfo(BaseModel):
    """One code of one family; `message` is worded as in the family's document.

    `label` is what the document calls it, `errors` are the slugs of the faults that it tells, `details`
    is the JSON schema of what comes with it, and `url` the page of the code.
    """

    family: Family
    code: str
    label: str
    status: int
    name: str | None
    origin: str
    planned: bool
    message: str
    meaning: Bilingual
    cause: Bilingual
    remedy: Bilingual
    retry: Retry
    details: dict[str, Any]
    example: dict[str, Any]
    errors: list[str]
    url: str


class CodeDetail(CodeInfo):
    """A code with its faults, each as the other families tell it; `also` is the code with other statuses."""

    faults: list[ErrorInfo]
    also: list[CodeInfo]


class CodeList(BaseModel):
    """The codes that were asked for."""

    errors: list[CodeInfo]
    total: int


class ErrorCount(BaseModel):
    """How often a fault was told on a route to a tenant, which is empty where nobody was signed in."""

    slug: str
    family: Family
    code: str
    status: int
    route: str
    tenant: str
    count: int
    first_seen: Time
    last_seen: Time


class ErrorCounts(BaseModel):
    """Counts, the most frequent first; `occurrences` is their sum over all pages."""

    errors: list[ErrorCount]
    total: int
    occurrences: int
    limit: int
    offset: int


class Occurrence(BaseModel):
    """One error as it was told; `cause` is the class of what was behind it."""

    request_id: str
    slug: str
    family: Family
    code: str
    status: int
    method: str
    route: str
    tenant: str
    user: str
    cause: str | None
    at: Time


class Occurrences(BaseModel):
    """What a request was told: one error, unless its id was sent more than once."""

    request_id: str
    occurrences: list[Occurrence]


@dataclass(frozen=True, slots=True)
class Told:
    """An error that a client was told, and nothing of what it had sent."""

    slug: str
    family: Family
    code: str
    status: int
    method: str
    route: str
    tenant: str
    user: str
    request_id: str
    cause: str | None
    at: datetime


def error_info(entry: Entry) -> ErrorInfo:
    """A fault as it is told."""
    answers = {family: answer_of_entry(entry, family) for family in FAMILIES}
    return ErrorInfo(
        slug=entry.slug,
        kind=entry.kind.value,
        zh=entry.zh,
        en=entry.en,
        retryable=entry.retryable,
        retry_after=entry.retry_after,
        planned=entry.planned,
        families={f: FamilyAnswer(status=a.status, code=a.code, origin=a.origin) for f, a in answers.items()},
    )


def code_info(code: Code) -> CodeInfo:
    """A code as lists tell it."""
    return CodeInfo(
        family=code.family,
        code=code.answer.code,
        label=code.title,
        status=code.answer.status,
        name=code.answer.name or None,
        origin="document" if code.row else code.answer.origin,
        planned=code.planned,
        message=code.message,
        meaning=_both(code.meaning),
        cause=_both(code.cause),
        remedy=_both(code.remedy),
        retry=Retry(retryable=code.retryable, after=code.retry_after, advice=_both(code.advice)),
        details=details_schema(code),
        example=example_body(code),
        errors=[entry.slug for entry in code.entries],
        url=page_of(code.family, code.answer),
    )


def code_detail(code: Code, *others: Code) -> CodeDetail:
    """A code as its page tells it; `others` have the same name."""
    return CodeDetail(
        **code_info(code).model_dump(),
        faults=[error_info(entry) for entry in code.entries],
        also=[code_info(other) for other in others],
    )


def details_schema(code: Code) -> dict[str, Any]:
    """The JSON schema of what comes with a code."""
    details = code.row.details if code.row else ()
    return {"type": "object", "properties": {detail.name: detail.schema for detail in details}}


def _both(text: Text) -> Bilingual:
    return Bilingual(zh=text.zh, en=text.en)
